"""The collector is killed while event logs grow, wrap round and are cleared: nothing is lost, nothing is doubled."""

from pathlib import Path

from tests.bench.bmc_kill import killed_while_logs_change


async def test_nothing_is_lost_or_doubled_though_it_is_killed_while_logs_change(tmp_path: Path):
    outcome = await killed_while_logs_change(tmp_path, kills=4, ipmi=2, redfish=2, seed=3)
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.kills == 4
    assert outcome.stored > 100
    assert outcome.told, "what was dropped before it was read is told"
