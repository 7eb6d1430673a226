"""Event logs of many makers, record by record: what stands, what has passed, and what tells of no fault."""

import pytest
from tests.bmc.maker_logs import MakerLog, maker_logs

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)
LOGS = list(maker_logs())


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_what_stands_has_passed_or_is_noise_in_a_makers_log(log: MakerLog) -> None:
    listing = read_listing(log.text)
    assert len(listing.records) + len(listing.readings) == len(log.answers)
    assert listing.unparsed_count <= log.notes
    found = fold(listing, VOCABULARY)
    assert log.missed(found) == []
    assert log.alarms(found) == []
    assert log.not_recovered(found) == []


def test_the_logs_are_enough_to_mean_something() -> None:
    answers = [answer for log in LOGS for answer in log.answers]
    assert len(LOGS) >= 15
    assert len(answers) >= 500
    assert sum(answer.kind == "." for answer in answers) >= 250


def test_a_fault_that_nothing_tells_is_missed_and_one_too_many_is_an_alarm() -> None:
    log = next(log for log in LOGS if log.name == "oracle-ilom-sel-elist")
    kept = [line for line in log.text.splitlines() if "HDD3" not in line]
    added = "  20 | 02/09/2021 | 00:00:00 | Fan MB/FM7/ERR | Predictive Failure Asserted | Asserted"
    found = fold(read_listing("\n".join([*kept, added])), VOCABULARY)
    assert [answer.part for answer in log.missed(found)] == ["HDD3"]
    assert [one.locator for one in log.alarms(found)] == ["MB/FM7/ERR"]
