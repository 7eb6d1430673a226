"""What real BMCs do: hang, drip, answer garbage, refuse, run out of sessions, show another certificate."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.bmc.redfish.bmc import RedfishBmc
from tests.bmc.redfish.certificates import Certified
from tests.bmc.redfish.server import Served, threaded

from .reading import Reading, reading_of


async def test_one_session_is_opened_kept_and_ended(bmc: RedfishBmc, reading: Reading):
    for _ in range(3):
        await reading.poll()
    assert (bmc.opened, len(bmc.sessions)) == (1, 1)
    await reading.poller.close()
    assert bmc.sessions == {}
    assert bmc.most_connections == 1


async def test_a_session_that_the_bmc_forgot_is_opened_anew(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    bmc.sessions.clear()
    bmc.add(1)
    await reading.poll()
    assert reading.numbers == [1]
    assert bmc.opened == 2


async def test_a_session_left_by_a_killed_collector_is_ended_by_the_next(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    killed = dict(bmc.sessions)
    later = reading.again()
    await later.poll()
    assert len(bmc.sessions) == 1
    assert bmc.sessions != killed
    await later.poller.close()
    assert bmc.sessions == {}


async def test_a_look_that_is_cancelled_leaves_no_session(bmc: RedfishBmc, reading: Reading):
    for ticks in range(1, 40, 3):
        polling = asyncio.create_task(reading.poll())
        for _ in range(ticks):
            await asyncio.sleep(0.001)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await reading.poller.close()
        assert bmc.sessions == {}, f"after {ticks} ms"
    assert bmc.most_open == 1


async def test_without_sessions_it_is_read_by_basic_authentication(bmc: RedfishBmc, reading: Reading):
    bmc.has_sessions = False
    bmc.add(2)
    await reading.poll()
    await reading.poll()
    assert reading.numbers == [1, 2]
    assert sum(request.startswith("POST") for request in bmc.requests) == 1, "it is not asked again"


async def test_with_all_sessions_taken_it_is_read_and_asked_again_next_time(bmc: RedfishBmc, reading: Reading):
    bmc.sessions = {str(n): f"/redfish/v1/SessionService/Sessions/o{n}" for n in range(4)}
    bmc.add(2)
    await reading.poll()
    assert reading.numbers == [1, 2]
    bmc.sessions.popitem()
    await reading.poll()
    assert bmc.opened == 1


async def test_a_wrong_password_is_told_as_such_and_never_shown(bmc: RedfishBmc, reading: Reading):
    bmc.password = "another"
    await reading.poll()
    assert reading.sources["sel"] == ("failing", "credentials: the BMC refuses user or password")
    assert reading.errors("credentials") == 1
    assert "pass phrase" not in str(reading.bus.published)


async def test_another_certificate_than_the_pinned_hears_no_password(
    bmc: RedfishBmc, served: Served, certificates: Certified, tmp_path: Path
):
    right = reading_of(served, tmp_path / "right", tls_fingerprint=certificates.fingerprint.upper())
    await right.poll()
    assert right.sources["chassis"][0] == "present"
    await right.poller.close()
    bmc.requests.clear()

    wrong = reading_of(served, tmp_path / "wrong", tls_fingerprint="ab" * 32)
    await wrong.poll()
    assert wrong.sources["sel"][1].startswith("certificate: the certificate is not the pinned one; its SHA-256 is ")
    assert certificates.fingerprint in wrong.sources["sel"][1]
    assert bmc.requests == []


def test_certificates_are_checked_on_the_event_loop_of_production_too(
    bmc: RedfishBmc, certificates: Certified, tmp_path: Path
):
    with threaded(bmc, certificates.context) as served:
        trusts = {"ca": {"tls_ca": str(certificates.ca)}, "right": {"tls_fingerprint": certificates.fingerprint},
                  "wrong": {"tls_fingerprint": "ab" * 32}, "none": {}}  # fmt: skip
        for name, trust in trusts.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                reading = runner.run(_read_once(served, tmp_path / name, trust))
            wanted = "present" if name in {"ca", "right"} else "failing"
            assert reading.sources["chassis"][0] == wanted, name
            assert wanted == "present" or reading.sources["chassis"][1].startswith("certificate: "), name
            assert bmc.sessions == {}


async def _read_once(served: Served, folder: Path, trust: dict[str, str]) -> Reading:
    reading = reading_of(served, folder, **trust)
    await reading.poll()
    await reading.poller.close()
    return reading


async def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_entry_says_so(
    bmc: RedfishBmc, served: Served, certificates: Certified, tmp_path: Path
):
    strict = reading_of(served, tmp_path / "strict")
    await strict.poll()
    assert strict.sources["sel"][1].startswith("certificate: the certificate is not trusted: ")
    assert strict.sources["sel"][1].endswith(f"; its SHA-256 is {certificates.fingerprint}")
    assert bmc.requests == []
    lax = reading_of(served, tmp_path / "lax", tls_verify=False)
    await lax.poll()
    assert lax.sources["sel"][0] == "present"


@pytest.mark.parametrize(
    ("knob", "value", "reason"),
    [("hangs", True, "timeout"), ("drips", True, "timeout"), ("garbage", True, "unreadable"),
     ("fails_with", 500, "other"), ("fails_with", 503, "busy"),
     ("fails_with", 404, "unsupported"), ("fails_with", 403, "privilege")],
)  # fmt: skip
async def test_a_bmc_that_misbehaves_is_told_and_read_on(
    bmc: RedfishBmc, reading: Reading, knob: str, value: object, reason: str
):
    bmc.add(3)
    await reading.poll()
    before = getattr(bmc, knob)
    setattr(bmc, knob, value)
    bmc.add(2)
    await reading.poll()
    assert reading.sources["sel"][0] == "failing"
    assert reading.sources["sel"][1].startswith(f"{reason}: ")
    assert reading.errors(reason) == 1
    setattr(bmc, knob, before)
    await reading.poll()
    assert reading.sources["sel"][0] == "present"
    assert reading.numbers == [1, 2, 3, 4, 5]


async def test_a_log_too_long_for_one_look_is_read_in_several(bmc: RedfishBmc, served: Served, reading: Reading):
    slow = reading_of(
        served, reading.section.state_dir / "slow", tls_ca=reading.entry.tls_ca, section={"redfish_look_s": 5}
    )
    bmc.linked, bmc.slow_s = True, 0.015
    bmc.add(300)
    looks = 0
    while len(slow.numbers) < 300:
        await slow.poll()
        looks += 1
        assert slow.sources["sel"][0] == "present"
        assert looks < 10
    assert slow.numbers == list(range(1, 301))
    assert looks > 1


async def test_pages_may_take_longer_than_a_look(bmc: RedfishBmc, served: Served, reading: Reading):
    slow = reading_of(
        served, reading.section.state_dir / "slow", tls_ca=reading.entry.tls_ca, section={"redfish_look_s": 5}
    )
    bmc.page, bmc.slow_s = 2, 0.06
    bmc.add(160)
    await slow.poll()
    assert slow.numbers == list(range(1, 161))


async def test_one_resource_that_fails_costs_itself(bmc: RedfishBmc, reading: Reading):
    bmc.fails_with, bmc.fails_on = 500, "/Power"
    bmc.add(2)
    await reading.poll()
    assert reading.numbers == [1, 2]
    assert "Inlet Temp" in reading.sensors
    assert "12V" not in reading.sensors


async def test_a_bad_entry_costs_itself_and_is_counted(bmc: RedfishBmc, reading: Reading):
    bmc.add(3)
    bmc.entries.insert(1, {"Id": ["what"], "Message": None, "@odata.id": 7})
    await reading.poll()
    assert reading.numbers == [1, 2, 3]
    assert reading.registry.get_sample_value("groundcrew_ipmi_collector_unreadable_entries_total") == 1


async def test_a_log_that_is_listed_twice_is_read_once(bmc: RedfishBmc, reading: Reading):
    bmc.mirrored = True
    bmc.add(5)
    await reading.poll()
    bmc.add(2)
    await reading.poll()
    assert reading.numbers == [1, 2, 3, 4, 5, 6, 7]


async def test_another_bmc_at_the_same_address_has_another_log(bmc: RedfishBmc, reading: Reading):
    bmc.add(3)
    await reading.poll()
    bmc.uuid = "99999999-8888-7777-6666-555555555555"
    bmc.name = "other"
    later = reading.again()
    await later.poll()
    assert reading.numbers == [1, 2, 3, 1, 2, 3]
    assert len({row_id for row_id, *_ in reading.rows}) == 6


async def test_what_was_under_way_goes_out_with_the_same_ids_and_times(bmc: RedfishBmc, reading: Reading):
    bmc.add(3, Created="0000-00-00T00:00:00Z")
    sent = reading.bus.publish_batch

    async def dies(envelopes: Any) -> None:
        await sent(envelopes)
        if envelopes[0].type == "observe.sel":
            raise KeyboardInterrupt

    reading.bus.publish_batch = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        await reading.poll()
    reading.bus.publish_batch = sent  # type: ignore[method-assign]
    bmc.add(2)
    await reading.again().poll()
    assert reading.numbers == [1, 2, 3, 1, 2, 3, 4, 5]
    assert reading.rows[:3] == reading.rows[3:6]
