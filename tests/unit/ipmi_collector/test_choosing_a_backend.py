"""When a BMC is given to ipmitool, and when it is taken back."""

from dataclasses import dataclass
from typing import Any

import pytest
from structlog import get_logger
from structlog.testing import capture_logs

from groundcrew_ipmi_collector.backend import Newest
from groundcrew_ipmi_collector.choosing import FallingBack
from groundcrew_ipmi_collector.look import Look
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason


@dataclass
class Client:
    """A backend that fails for a reason, or answers with its name."""

    name: str
    fails: Reason | None = None
    suite: int | None = None
    looks: int = 0
    closed: int = 0

    async def look(self, *, who: bool) -> Look:
        self.looks += 1
        if self.fails is not None:
            raise IpmiFailed(self.fails, f"{self.name} cannot")
        return Look(guid=self.name)

    async def newest(self, *_: Any) -> Newest:
        return Newest([], whole=True)

    async def sensors(self) -> list[Any]:
        return [self.name]

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def native() -> Client:
    return Client("native")


@pytest.fixture
def tool() -> Client:
    return Client("tool")


@pytest.fixture
def choice(native: Client, tool: Client) -> FallingBack:
    return FallingBack(native, tool, log=get_logger())  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", [Reason.CIPHER, Reason.UNREADABLE])
async def test_what_our_client_cannot_do_ipmitool_does_and_that_is_said_once(
    choice: FallingBack, native: Client, tool: Client, reason: Reason
):
    native.fails = reason
    with capture_logs() as said:
        for who in (True, False, False, True):
            assert (await choice.look(who=who)).guid == "tool"
    assert [(line["event"], line["reason"]) for line in said] == [("bmc_read_by_ipmitool", reason.value)]
    assert await choice.sensors() == ["tool"]
    assert native.looks == 2, "tried anew only where it is asked who the BMC is"
    assert native.closed == 2, "no session is kept beside ipmitool's"


async def test_it_is_taken_back_when_our_client_can_again(choice: FallingBack, native: Client):
    native.fails = Reason.CIPHER
    await choice.look(who=True)
    native.fails = None
    assert (await choice.look(who=False)).guid == "tool"
    assert (await choice.look(who=True)).guid == "native"
    assert await choice.sensors() == ["native"]


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.CIPHER, Reason.UNREADABLE}))
async def test_other_reasons_are_the_bmc_s_own_and_nothing_else_is_tried(
    choice: FallingBack, native: Client, tool: Client, reason: Reason
):
    native.fails = reason
    with pytest.raises(IpmiFailed) as failure:
        await choice.look(who=True)
    assert failure.value.reason is reason
    assert tool.looks == 0, "a second try with a wrong password may lock the user out"


@pytest.mark.parametrize(
    ("other", "told"), [(Reason.TOOL, "native cannot"), (Reason.TIMEOUT, "tool cannot")], ids=["is not there", "fails"]
)
async def test_where_ipmitool_cannot_either(
    choice: FallingBack, native: Client, tool: Client, other: Reason, told: str
):
    native.fails, tool.fails = Reason.CIPHER, other
    with pytest.raises(IpmiFailed, match=told):
        await choice.look(who=True)


async def test_the_cipher_suite_that_is_remembered_counts_for_both(choice: FallingBack, native: Client, tool: Client):
    choice.suite = 3
    assert (native.suite, tool.suite, choice.suite) == (3, 3, 3)
