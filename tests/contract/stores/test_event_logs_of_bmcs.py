"""What became of event logs, how full each is, and the jobs that read them: the same on both stores."""

from datetime import timedelta

from tests.contract.stores.observed import NOON, SITE, event_logs, sealed, sel, sync

from groundcrew.contracts.event_logs import LogChange, SyncState
from groundcrew.contracts.queries import SelQuery, SyncsQuery

BMC = "bmc:node-1"


async def test_the_newest_state_of_each_log_counts_though_an_older_one_comes_late(store):
    await store.record_event_logs(event_logs((60, "Sel", 410, "none"), (60, "Lclog", 9, "none")))
    await store.record_event_logs(event_logs((0, "Sel", 12, "none")))
    told = await store.event_logs(SITE, BMC)
    assert [(one.log, one.entries, one.capacity) for one in told] == [("Lclog", 9, 512), ("Sel", 410, 512)]
    assert told[0].time == NOON + timedelta(seconds=60)
    assert await store.event_logs("other", BMC) == []


async def test_a_clear_that_comes_again_is_one_clear(store):
    cleared = event_logs((30, "SEL", 1, "cleared"))
    assert await store.record_event_logs(cleared) == 2
    assert await store.record_event_logs(cleared) == 0
    await store.record_event_logs(event_logs((90, "SEL", 3, "lost")))
    told = await store.event_log_changes(SITE, BMC)
    assert [(one.change, one.entries, one.generation) for one in told] == [
        (LogChange.LOST, 3, 2),
        (LogChange.CLEARED, 1, 2),
    ]
    assert told[1].detail == "cleared: 1 record now"


async def test_of_each_bmc_the_newest_job_is_told_those_under_way_first(store):
    await store.record_sync(sync(0, "running", synced=10))
    await store.record_sync(sync(9, "done", synced=100))
    await store.record_sync(sync(5, "running", synced=50))
    await store.record_sync(sync(1, "queued", bmc="node-2"))
    told = await store.syncs(SITE, None, SyncsQuery())
    assert [(job.bmc, job.state, job.events_synced) for job in told] == [
        ("node-2", SyncState.QUEUED, 0),
        ("node-1", SyncState.DONE, 100),
    ]
    assert [job.bmc for job in await store.syncs(SITE, BMC, SyncsQuery())] == ["node-1"]


async def test_a_record_that_is_read_once_more_with_a_better_time_is_the_same_record(store):
    first = sel([1, 2])
    await store.record_sel(first)
    moved = first.data.model_copy(update={"times": [time + 7 for time in first.data.times], "uncertainties": [2.5, 0]})
    again = sealed(moved, key="again", entity=BMC)
    assert await store.record_sel(again) == 0
    third = sel([2, 3])
    better = third.data.model_copy(update={"uncertainties": [0.5, 120.0]})
    assert await store.record_sel(sealed(better, key="third", entity=BMC)) == 1
    entries = (await store.sel(SITE, BMC, SelQuery())).items
    assert [(entry.record_id, entry.uncertainty_s) for entry in entries] == [(3, 120.0), (2, None), (1, None)]


async def test_what_became_of_logs_is_kept_as_long_as_their_records(store):
    await store.record_event_logs(event_logs((0, "SEL", 1, "cleared")))
    dropped = await store.apply_retention(NOON + timedelta(days=11), {"event_log_changes": 10})
    assert dropped == {"event_log_changes": 1}
    assert await store.event_log_changes(SITE, BMC) == []
    assert len(await store.event_logs(SITE, BMC)) == 1
