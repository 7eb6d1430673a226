"""kill -9 of the collector: `groundcrew bench bmc-kill [-- --kills N] [--seed N]`. Its oracle: `bmc_kill.py`."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.bench.bmc_kill import CAPACITY, Outcome, killed_while_logs_change

IPMI, REDFISH = 6, 4


def table(outcome: Outcome) -> str:
    told = ", ".join(f"{count} {change}" for change, count in sorted(outcome.told.items())) or "none"
    rows = (
        ("kill -9 of the collector", f"{outcome.kills}"),
        (f"BMCs: over IPMI, over Redfish, each log holds {CAPACITY} records", f"{IPMI}, {REDFISH}"),
        ("records that they logged", f"{outcome.logged:,}"),
        ("times that somebody cleared a log", f"{outcome.clears}"),
        ("records in the store", f"{outcome.stored:,}"),
        ("records that a BMC dropped before they could be written down", f"{outcome.dropped:,}"),
        ("changes of logs that were told (the newest 50 of each BMC)", told),
        ("messages that were published twice", f"{outcome.repeated}"),
        ("**lost**", f"**{len(outcome.lost)}**"),
        ("**doubled**", f"**{len(outcome.doubled)}**"),
    )
    lines = ["| what | count |", "|---|---|", *(f"| {what} | {count} |" for what, count in rows)]
    named = [*outcome.lost[:20], *outcome.doubled[:20]]
    return "\n".join([*lines, *(f"\n- {one}" for one in named)])


def main(arguments: list[str] | None = None) -> None:
    """Prints Markdown; ends with an error where something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bmc-kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(
            killed_while_logs_change(Path(folder), kills=wanted.kills, ipmi=IPMI, redfish=REDFISH, seed=wanted.seed)
        )
    print(table(outcome))
    if outcome.lost or outcome.doubled:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
