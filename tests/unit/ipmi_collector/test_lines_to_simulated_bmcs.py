"""What a line on standard input does to all simulated BMCs, and what a line is answered that makes no sense."""

import random

import pytest

from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.server import BmcServer, Session
from groundcrew_ipmi_collector.lab.serving import done
from groundcrew_ipmi_collector.lanplus.suites import SUITES

NOW = 1_780_000_000


@pytest.fixture
def servers() -> list[BmcServer]:
    return [BmcServer(SimulatedBmc(lambda: NOW), user="u", password="p") for _ in range(2)]


def say(line: str, servers: list[BmcServer]) -> str:
    return done(line.split(), servers, random.Random(1))


def test_records_are_added_cleared_and_overwritten(servers: list[BmcServer]):
    assert say("add 30", servers) == "added 30"
    assert [len(one.bmc.log) for one in servers] == [30, 30]
    say("room 10", servers)
    assert [int.from_bytes(record[:2], "little") for record in servers[0].bmc.log] == list(range(21, 31))
    say("add 1", servers)
    assert len(servers[0].bmc.log) == 10
    assert servers[0].bmc.overflow
    say("clear", servers)
    assert [one.bmc.log for one in servers] == [[], []]


def test_clocks_are_set_wrong_and_lost(servers: list[BmcServer]):
    say("clock -3600", servers)
    assert servers[0].bmc.seconds == NOW - 3_600
    servers[0].sessions[1] = Session(1, SUITES[17])
    say("reset", servers)
    assert servers[0].bmc.seconds == 0, "as counted from its start"
    assert not servers[0].sessions


def test_faults_come_and_go(servers: list[BmcServer]):
    say("fault hang", servers)
    assert [one.bmc.faults for one in servers] == [{Fault.HANG}, {Fault.HANG}]
    say("fault none", servers)
    assert servers[0].bmc.faults == set()


@pytest.mark.parametrize(
    "line",
    ["", "add", "add -1", "add 99999999999999", "room 0", "clock x", "clock --5", "fault fire", "clear all", "add ²"],
)
def test_what_is_no_line_of_the_lab_is_told_what_is(servers: list[BmcServer], line: str):
    assert say(line, servers).startswith("expected `add N`, `clear`, ")
    assert servers[0].bmc.log == []
