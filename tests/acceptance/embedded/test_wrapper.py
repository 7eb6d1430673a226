"""./groundcrew: makes its environment once, says what it lacks, and is quick afterwards. pip is played by a script."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]

PYTHON = """#!/bin/sh
# Plays an interpreter: {version}; its environments hold copies of this script.
printf '%s\\n' "$*" >>"{calls}"
case "$*" in
  *version_info*print*|*print*version_info*) echo {version} ;;
  *"import ensurepip, venv"*) exit {no_venv} ;;
  "-m venv --clear "*)
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && echo "version = {version}" >"$4/pyvenv.cfg" ;;
  *"import pip, sys"*) exit 0 ;;
  "-m pip install"*) sleep {slow}; echo "pip chatter"; exit {pip} ;;
  "-m groundcrew_cli"*) echo "cli: $*" ;;
esac
"""


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.programs = folder / "programs"
        self.programs.mkdir()
        shutil.copy(CHECKOUT / "groundcrew", folder / "groundcrew")
        (folder / "requirements").mkdir()
        for name in ("embedded", "dev"):
            (folder / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
        for name in ("libs", "cli", "services/trigger"):
            (folder / name).mkdir(parents=True)
            (folder / name / "pyproject.toml").write_text("[project]\n")

    def python(
        self, name: str = "python3", version: str = "3.11", *, no_venv: int = 0, pip: int = 0, slow: str = "0"
    ) -> None:
        text = PYTHON.format(version=version, calls=self.calls, no_venv=no_venv, pip=pip, slow=slow)
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        environ = {"PATH": f"{self.programs}:{self.tools()}", "HOME": str(self.folder)}
        return subprocess.Popen(
            ["/bin/sh", self.folder / "groundcrew", *words],
            env=environ, cwd=cwd or self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        process = self.start(*words, cwd=cwd)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def tools(self) -> Path:
        """The system's programs without its interpreters."""
        folder = self.folder / "tools"
        if not folder.exists():
            folder.mkdir()
            for name in ("cat", "cksum", "dirname", "ls", "mkdir", "rm", "sleep", "tail", "cp", "readlink", "grep"):
                found = shutil.which(name)
                assert found is not None
                (folder / name).symlink_to(found)
        return folder

    def installs(self) -> list[str]:
        said = self.calls.read_text() if self.calls.exists() else ""
        return [line for line in said.splitlines() if line.startswith("-m pip install")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_call_prepares_and_runs_the_command(checkout: Checkout) -> None:
    checkout.python()
    done = checkout.run("incidents", "--site", "two words")
    assert (done.returncode, done.stdout) == (0, "cli: -m groundcrew_cli incidents --site two words\n")
    assert "making a Python environment" in done.stderr
    assert "pip chatter" not in done.stderr
    assert any("--require-hashes" in call and "requirements/embedded.txt" in call for call in checkout.installs())


def test_the_next_call_prepares_nothing_and_is_quick(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("status")
    before = checkout.installs()
    began = time.monotonic()
    done = checkout.run("status")
    assert done.stderr == ""
    assert checkout.installs() == before
    assert time.monotonic() - began < 2  # 20 ms on an idle machine


def test_tests_need_more_packages_and_those_satisfy_every_other_command(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("test")
    assert any("requirements/dev.txt" in call for call in checkout.installs())
    before = checkout.installs()
    checkout.run("up")
    assert checkout.installs() == before


@pytest.mark.parametrize("changed", ["requirements/embedded.txt", "services/trigger/pyproject.toml"])
def test_a_changed_requirement_is_installed(checkout: Checkout, changed: str) -> None:
    checkout.python()
    checkout.run("status")
    before = len(checkout.installs())
    with (checkout.folder / changed).open("a") as file:
        file.write("# changed\n")
    checkout.run("status")
    assert len(checkout.installs()) > before


def test_two_at_once_prepare_once(checkout: Checkout) -> None:
    checkout.python(slow="0.5")
    both = [checkout.start("status") for _ in range(2)]
    for process in both:
        out, _ = process.communicate(timeout=60)
        assert out == "cli: -m groundcrew_cli status\n"
    assert len(checkout.installs()) == 2  # packages, and Groundcrew itself


def test_the_lock_of_a_dead_process_is_taken_over(checkout: Checkout) -> None:
    checkout.python()
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    (checkout.folder / ".venv.lock").mkdir()
    (checkout.folder / ".venv.lock" / "pid").write_text(f"{dead.pid}\n")
    assert checkout.run("status").returncode == 0
    assert not (checkout.folder / ".venv.lock").exists()


def test_a_failed_installation_shows_why_and_is_tried_again(checkout: Checkout) -> None:
    checkout.python(pip=1)
    done = checkout.run("status")
    assert done.returncode == 1
    assert "pip chatter" in done.stderr
    assert "whole output is in" in done.stderr
    checkout.python(pip=0)
    shutil.copy(checkout.programs / "python3", checkout.folder / ".venv" / "bin" / "python")
    assert checkout.run("status").returncode == 0


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_python_that_does_not_fit_is_named_with_what_is_needed(checkout: Checkout, version: str) -> None:
    checkout.python(version=version)
    done = checkout.run("up")
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert f"python3 is {version}" in done.stderr


def test_a_missing_venv_module_names_the_package(checkout: Checkout) -> None:
    checkout.python(version="3.12", no_venv=1)
    done = checkout.run("up")
    assert done.returncode == 1
    assert "apt install python3.12-venv" in done.stderr


def test_another_python_is_found_beside_one_that_does_not_fit(checkout: Checkout) -> None:
    checkout.python(version="3.10")
    checkout.python("python3.12", version="3.12")
    assert checkout.run("status").returncode == 0


def test_it_works_through_a_link_and_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    checkout.python()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "gc").symlink_to("../groundcrew")
    environ = {"PATH": f"{checkout.programs}:{checkout.tools()}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "gc", "status"], cwd=elsewhere, env=environ, capture_output=True, text=True, check=False
    )
    assert done.stdout == "cli: -m groundcrew_cli status\n", done.stderr
    assert (checkout.folder / ".venv").exists()


def test_a_folder_that_is_no_environment_is_not_overwritten(checkout: Checkout) -> None:
    checkout.python()
    (checkout.folder / ".venv").mkdir()
    (checkout.folder / ".venv" / "precious").write_text("mine")
    assert checkout.run("status").returncode == 1
    assert (checkout.folder / ".venv" / "precious").read_text() == "mine"
