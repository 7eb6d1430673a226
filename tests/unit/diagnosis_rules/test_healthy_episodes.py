"""What daemons and their neighbours say while an orderly operation goes on opens no incident."""

import asyncio
import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew_embedded.replay import run
from groundcrew_embedded.scenario import read as read_scenario

HERE = Path(__file__).parent
START = datetime(2026, 11, 27, 6, tzinfo=UTC)
FIRST_S = 600
"""How long every host has been seen before its episode begins."""
APART_S = 7
CALM_S = 600
AFTER_S = 2_400
"""How long every host goes on after the last episode: what is confirmed by quiet has been so by then."""
LOOKS_S = 3_600
CALM = "(root) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.hourly)"
BOOTED = "Linux version "
WATCHED = {"unit": "sshd.service", "active_state": "active", "sub_state": "running"}
"""Unit states are watched, as on every host that a collector runs on."""


@dataclass(frozen=True)
class Episode:
    """One operation: what it is and why it is no matter for anyone, the role of each host, and what they say:
    seconds from its start, host, identifier, text."""

    what: str
    hosts: dict[str, str]
    lines: list[tuple[int, str, str, str]]


def read(name: str) -> dict[str, Any]:
    with (HERE / f"healthy_{name}.toml").open("rb") as file:
        return tomllib.load(file)


def corpus() -> list[Episode]:
    return [Episode(**entry) for entry in read("episodes")["episode"]]


def known_open() -> set[str]:
    return {entry["what"] for entry in read("episodes_open")["open"]}


def told(folder: Path, episodes: list[Episode]) -> Path:
    """Writes one story of all episodes, in which no host of one shares anything with a host of another."""
    lasts_s = [FIRST_S + APART_S * number + episode.lines[-1][0] for number, episode in enumerate(episodes)]
    end_s = max(lasts_s) + AFTER_S
    places, entries, states = [], [], []
    for number, episode in enumerate(episodes):
        for host, role in episode.hosts.items():
            places.append(f'[[host]]\nname = "{host}"\nbmc = "{host}-bmc"\nrole = "{role}-of-{number}"\n')
            states += [{"time": START.isoformat(), "host": host, **WATCHED}]
            begins_s = FIRST_S + APART_S * number
            spoken = [(number % 60 + CALM_S * step, "CRON", CALM) for step in range(end_s // CALM_S)]
            spoken += [(begins_s + at, identifier, text) for at, of, identifier, text in episode.lines if of == host]
            boot = 1
            for at, identifier, message in sorted(spoken, key=lambda one: one[0]):
                boot += message.startswith(BOOTED)
                unit = {"kernel": "", "systemd": "init.scope", "CRON": "cron.service"}.get(
                    identifier, f"{identifier}.service"
                )
                entry = {
                    "__CURSOR": f"s={host};i={len(entries):x}",
                    "__REALTIME_TIMESTAMP": str(to_us(START + timedelta(seconds=at))),
                    "_BOOT_ID": f"{len(places):016x}{boot:016x}",
                    "_HOSTNAME": host,
                    "_TRANSPORT": "kernel" if identifier == "kernel" else "journal",
                    "PRIORITY": "4",
                    "SYSLOG_IDENTIFIER": identifier,
                    "_SYSTEMD_UNIT": unit,
                    "MESSAGE": message,
                }
                entries.append((at, json.dumps(entry)))
    ending = START + timedelta(seconds=end_s)
    folder.joinpath("scenario.toml").write_text(
        f'title = "Healthy episodes"\nstart = {START.isoformat()}\nend = {ending.isoformat()}\n' + "".join(places)
    )
    entries.sort(key=lambda one: one[0])
    folder.joinpath("journal.jsonl").write_text("".join(f"{entry}\n" for _, entry in entries))
    folder.joinpath("services.jsonl").write_text("".join(f"{json.dumps(state)}\n" for state in states))
    return folder


def opened(folder: Path, episodes: list[Episode]) -> dict[str, list[str]]:
    """The titles of what was opened, by the episode whose host it is about."""
    of_host = {host: episode.what for episode in episodes for host in episode.hosts}
    found = defaultdict(list)
    printed = asyncio.run(run(read_scenario(told(folder, episodes)), looks_s=LOOKS_S))
    for incident in printed["incidents"]:
        for what in sorted({of_host[host] for host in incident["hosts"]}):
            found[what].append(incident["title"])
    return dict(found)


def test_an_orderly_operation_opens_no_incident(tmp_path: Path) -> None:
    found = opened(tmp_path, corpus())
    held = known_open()
    assert {what: titles for what, titles in found.items() if what not in held} == {}
    assert held - found.keys() == set(), "take these off healthy_episodes_open.toml: they open no incident any more"


def test_the_corpus_is_large_and_every_episode_has_its_own_hosts() -> None:
    episodes = corpus()
    hosts = [host for episode in episodes for host in episode.hosts]
    assert len(episodes) >= 100
    assert len(hosts) == len(set(hosts))
    assert len({episode.what for episode in episodes}) == len(episodes)
    assert known_open() <= {episode.what for episode in episodes}
    for episode in episodes:
        assert {of for _, of, _, _ in episode.lines} == set(episode.hosts), episode.what
        assert [line[0] for line in episode.lines] == sorted(line[0] for line in episode.lines), episode.what


def test_a_fault_amid_an_operation_opens_an_incident_on_its_own_host_alone(tmp_path: Path) -> None:
    """What keeps the measure honest: three operations, amid one of which a disk fails."""
    first, second, third = [episode for episode in corpus() if episode.what not in known_open()][:3]
    host = next(iter(second.hosts))
    fault = "EXT4-fs error (device sda2): ext4_find_entry:1455: inode #131073: comm ls: reading directory lblock 0"
    faulty = Episode(second.what, second.hosts, [*second.lines, (second.lines[-1][0] + 60, host, "kernel", fault)])
    assert opened(tmp_path, [first, faulty, third]).keys() == {second.what}


STAYS_AWAY = {
    "containerd is upgraded": 4,
    "A RabbitMQ node": 4,
    "The active MDS": 0,
    "A Gluster brick server": 5,
    "One head of an iSCSI array": 60,
    "A Fibre Channel switch": 71,
    "A Proxmox node": 5,
    "nvidia-smi --gpu-reset": 1,
    "slurmdbd is stopped": 5,
}
"""Second of an episode after which, if nothing more is said, the operation has gone wrong."""


def test_an_operation_that_does_not_end_well_opens_an_incident(tmp_path: Path) -> None:
    """What is waited for must be told where it does not come: the same episodes, whose ends are left out."""
    cut = {start: next(one for one in corpus() if one.what.startswith(start)) for start in STAYS_AWAY}
    wrong = [
        Episode(one.what, one.hosts, [line for line in one.lines if line[0] <= STAYS_AWAY[start]])
        for start, one in cut.items()
    ]
    assert opened(tmp_path, wrong).keys() == {one.what for one in wrong}
