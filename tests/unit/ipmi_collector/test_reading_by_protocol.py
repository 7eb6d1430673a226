"""Which backend looks at a BMC, when it is asked again after failures, and whose password it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.breaker import Breaker
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.auto import ASK_AGAIN_S, ASK_FAILING_S, AutoPoller
from groundcrew_ipmi_collector.redfish.client import MAX_PASSWORD
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

T0 = datetime(2026, 3, 4, 2, tzinfo=UTC)

SECTION = IpmiCollectorSection(password=SecretStr("shared"))


class Backend:
    """As much of a poller as the choice needs."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.polls = 0
        self.ended = 0

    async def poll(self) -> None:
        self.polls += 1

    async def rest(self, seconds: float) -> None:
        self.rested = seconds

    async def close(self) -> None:
        self.ended += 1


class Choosing:
    def __init__(self) -> None:
        self.clock = VirtualClock(T0)
        self.redfish, self.ipmi = Backend(), Backend()
        self.offers: Reason | None = None
        self.asked = 0
        self.poller = AutoPoller(
            name="b", probe=self.probe, redfish=self.redfish, ipmi=self.ipmi, clock=self.clock,
            log=structlog.get_logger(),
        )  # fmt: skip

    async def probe(self) -> None:
        self.asked += 1
        if self.offers is not None:
            raise IpmiFailed(self.offers, "it does not")

    async def later(self, seconds: float) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(seconds=seconds))
        await self.poller.poll()


@pytest.fixture
def choosing() -> Choosing:
    return Choosing()


async def test_redfish_is_used_where_it_is_offered_and_asked_for_once(choosing: Choosing):
    await choosing.poller.poll()
    await choosing.later(ASK_AGAIN_S * 3)
    assert (choosing.redfish.polls, choosing.ipmi.polls, choosing.asked) == (2, 0, 1)


@pytest.mark.parametrize("why", [Reason.CERTIFICATE, Reason.ADDRESS, Reason.UNSUPPORTED, Reason.TIMEOUT])
async def test_ipmi_is_used_where_redfish_is_not_offered_or_not_trusted(choosing: Choosing, why: Reason):
    choosing.offers = why
    await choosing.poller.poll()
    await choosing.later(ASK_AGAIN_S - 1)
    assert (choosing.redfish.polls, choosing.ipmi.polls, choosing.asked) == (0, 2, 1)
    choosing.offers = None
    await choosing.later(2)
    assert (choosing.redfish.polls, choosing.asked, choosing.ipmi.ended) == (1, 2, 1)


async def test_a_bmc_that_fails_over_redfish_is_asked_again_and_read_over_ipmi(choosing: Choosing):
    await choosing.poller.poll()
    choosing.redfish.outcome = Outcome(Reason.ADDRESS, "gone")
    choosing.offers = Reason.ADDRESS
    await choosing.later(ASK_FAILING_S)
    assert (choosing.ipmi.polls, choosing.redfish.ended) == (1, 1)
    assert choosing.poller.outcome.reason is None


def test_a_breaker_opens_at_the_second_failure_and_waits_longer_each_time():
    clock = VirtualClock(T0)
    breaker = Breaker(clock, first_s=30, most_s=100, chance=lambda: 0.5)
    waits = []
    for _ in range(5):
        breaker.failed()
        waits.append(breaker._until - clock.monotonic())  # how long, not only whether
    assert waits == [0, 30, 60, 100, 100]
    assert breaker.is_open
    breaker.worked()
    assert not breaker.is_open


def test_a_password_may_be_a_systemd_credential(tmp_path: Path):
    (tmp_path / "bmc-monitor").write_text("from systemd\n")
    entry = InventoryBmc(name="b", address="10.0.0.1", user="u", password_credential="bmc-monitor")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert credentials_of(entry, SECTION, environ).password == "from systemd"
    with pytest.raises(IpmiFailed, match="no credentials"):
        credentials_of(entry, SECTION, {})
    with pytest.raises(IpmiFailed, match="password_credential gone cannot be read: No such file"):
        credentials_of(entry.model_copy(update={"password_credential": "gone"}), SECTION, environ)


def test_over_rest_only_credentials_of_bmcs_can_be_named(tmp_path: Path):
    (tmp_path / "nats-password").write_text("secret")
    entry = InventoryBmc(name="b", address="10.0.0.1", user="u", password_credential="nats-password", origin="rest")
    with pytest.raises(IpmiFailed, match="begins with bmc or ipmi or redfish"):
        credentials_of(entry, SECTION, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("name", ["../etc/shadow", "a/b", "a b"])
def test_a_credential_is_a_name_and_no_path(name: str):
    with pytest.raises(ValueError, match="password_credential"):
        InventoryBmc(name="b", password_credential=name)


def test_a_long_password_is_fine_over_redfish():
    section = IpmiCollectorSection(user="u", password=SecretStr("x" * 64))
    entry = InventoryBmc(name="b", address="10.0.0.1", protocol="redfish")
    assert credentials_of(entry, section, most=MAX_PASSWORD).password == "x" * 64


def test_both_protocols_of_an_address_are_one_bmc():
    ipmi = InventoryBmc(name="a", address="BMC-1")
    assert ipmi.place == InventoryBmc(name="b", address="bmc-1", protocol="redfish").place
    assert ipmi.place != InventoryBmc(name="b", address="bmc-1", protocol="redfish", redfish_port=8443).place
