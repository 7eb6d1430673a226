"""A line that healthy hosts speak opens no incident when it stands alone."""

import asyncio
import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import to_us
from groundcrew_embedded.replay import run
from groundcrew_embedded.scenario import read as read_scenario

HERE = Path(__file__).parent
START = datetime(2026, 11, 27, 6, tzinfo=UTC)
AT_BOOT_S = 20
FIRST_S = 600
"""How long every host has been seen before a line of note comes, so that no line passes for one of its boot, except
where the corpus says that it is one."""
APART_S = 1
CALM_S = 600
AFTER_S = 2_400
"""How long every host goes on after the last line: what is confirmed by quiet has been so by then."""
LOOKS_S = 3_600
"""Review, which opens nothing, would take most of the time with its look at everything each minute."""
CALM = "(root) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.hourly)"


@dataclass(frozen=True)
class Healthy:
    """One entry of a corpus: the identifier it is logged under, its text, and why it is no matter for anyone.
    `at_boot`: it is harmless then, and only then."""

    kind: str
    line: str
    why: str
    at_boot: bool = False


def read(name: str) -> dict[str, Any]:
    with (HERE / f"healthy_{name}.toml").open("rb") as file:
        return tomllib.load(file)


def corpus(name: str) -> list[Healthy]:
    return [Healthy(**entry) for entry in read(f"{name}_lines")["lines"]]


def known_open() -> set[str]:
    return {entry["line"] for entry in read("lines_open")["open"]}


def told(folder: Path, lines: list[Healthy]) -> Path:
    """Writes the story of a fleet of which each host says one of the lines and shares nothing with another."""
    end_s = FIRST_S + APART_S * len(lines) + AFTER_S
    hosts = [f"lone-{number:03}" for number in range(len(lines))]
    places = [f'[[host]]\nname = "{host}"\nbmc = "{host}-bmc"\nrole = "role-of-{host}"\n' for host in hosts]
    entries = []
    for number, (host, one) in enumerate(zip(hosts, lines, strict=True)):
        unit = {"kernel": "", "systemd": "init.scope"}.get(one.kind, f"{one.kind}.service")
        spoken = [(number % 60 + CALM_S * step, "CRON", "cron.service", CALM) for step in range(end_s // CALM_S)]
        spoken.append((AT_BOOT_S if one.at_boot else FIRST_S + APART_S * number, one.kind, unit, one.line))
        for at, identifier, of_unit, message in spoken:
            entry = {
                "__CURSOR": f"s={host};i={len(entries):x}",
                "__REALTIME_TIMESTAMP": str(to_us(START + timedelta(seconds=at))),
                "_BOOT_ID": f"{number + 1:032x}",
                "_HOSTNAME": host,
                "_TRANSPORT": "kernel" if identifier == "kernel" else "journal",
                "PRIORITY": "4",
                "SYSLOG_IDENTIFIER": identifier,
                "_SYSTEMD_UNIT": of_unit,
                "MESSAGE": message,
            }
            entries.append((at, json.dumps(entry)))
    ending = START + timedelta(seconds=end_s)
    folder.joinpath("scenario.toml").write_text(
        f'title = "Healthy lines"\nstart = {START.isoformat()}\nend = {ending.isoformat()}\n' + "".join(places)
    )
    folder.joinpath("journal.jsonl").write_text("".join(f"{entry}\n" for _, entry in sorted(entries)))
    return folder


def opened(folder: Path, lines: list[Healthy]) -> dict[str, list[str]]:
    """The titles of what was opened, by the line that its host had said."""
    found = defaultdict(list)
    printed = asyncio.run(run(read_scenario(told(folder, lines)), looks_s=LOOKS_S))
    for incident in printed["incidents"]:
        for host in incident["hosts"]:
            found[lines[int(host.removeprefix("lone-"))].line].append(incident["title"])
    return dict(found)


@pytest.mark.parametrize("name", ["kernel", "daemon"])
def test_a_line_of_a_healthy_host_opens_no_incident_alone(tmp_path: Path, name: str) -> None:
    lines = corpus(name)
    found = opened(tmp_path, lines)
    held = {one.line for one in lines} & known_open()
    assert {line: titles for line, titles in found.items() if line not in held} == {}
    assert held - found.keys() == set(), "take these off healthy_lines_open.toml: they open no incident any more"


def test_the_corpora_are_large_and_say_each_line_once() -> None:
    spoken = [one.line for name in ("kernel", "daemon") for one in corpus(name)]
    assert len(spoken) == len(set(spoken))
    assert min(len(corpus(name)) for name in ("kernel", "daemon")) >= 250
    assert known_open() <= set(spoken)


def test_a_fault_among_healthy_hosts_opens_an_incident_on_its_own_host_alone(tmp_path: Path) -> None:
    """What keeps the measure honest: the same fleet, in which three hosts speak of a fault."""
    faults = [
        Healthy("kernel", line, "a fault")
        for line in (
            "EXT4-fs error (device sda2): ext4_find_entry:1455: inode #131073: comm ls: reading directory lblock 0",
            "NVRM: Xid (PCI:0000:65:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
            "nvme nvme3: I/O 12 QID 4 timeout, reset controller",
        )
    ]
    found = opened(tmp_path, [corpus("daemon")[1], *faults, corpus("daemon")[2]])
    assert found.keys() == {fault.line for fault in faults}
