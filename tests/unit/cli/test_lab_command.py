"""`groundcrew lab bmc`: simulated BMCs that answer, and the lines of the inventory that name them."""

import os
import subprocess
import sys
import tomllib
from typing import Any

from tests.conftest import free_port

from groundcrew_ipmi_collector.lab.serving import USER


def test_the_inventory_names_each_with_its_port_and_no_password(run: Any) -> None:
    result = run("lab", "bmc", "--count", "3", "--first-port", "9100", "--inventory")
    assert result.code == 0
    bmcs = tomllib.loads(result.out)["bmc"]
    assert [(bmc["name"], bmc["port"]) for bmc in bmcs] == [("lab-1", 9100), ("lab-2", 9101), ("lab-3", 9102)]
    assert {(bmc["user"], bmc["password_env"]) for bmc in bmcs} == {(USER, "BMC_LAB_PASSWORD")}
    assert not any("password" in bmc for bmc in bmcs)


def test_ports_that_do_not_exist_are_refused(run: Any) -> None:
    result = run("lab", "bmc", "--count", "10", "--first-port", "65530")
    assert result.code == 2
    assert "--first-port 65530" in result.err


def test_they_run_and_are_told_what_happens_to_them() -> None:
    port = free_port()
    words = ["--count", "2", "--first-port", str(port), "--records", "5", "--sensors", "6"]
    said = subprocess.run(
        [sys.executable, "-m", "groundcrew_ipmi_collector.lab", *words],
        input="add 3\nfault hang\nfault none\nnonsense\n",
        env={**os.environ, "IPMI_PASSWORD": "s3cret"}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert said[0].startswith("2 BMCs on 127.0.0.1, ports ")
    assert said[1:4] == ["added 3", "fault hang", "fault none"]
    assert said[4].startswith("expected `add N`")


def test_a_port_that_is_taken_is_told() -> None:
    port = free_port()
    words = [sys.executable, "-m", "groundcrew_ipmi_collector.lab", "--count", "1", "--first-port", str(port)]
    environ = {**os.environ, "IPMI_PASSWORD": "s3cret"}
    with subprocess.Popen(
        [*words, "--records", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        second = subprocess.run(words, input="", env=environ, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"a port from {port} on cannot be used" in second.stderr
        assert first.stdin is not None
        first.stdin.close()
