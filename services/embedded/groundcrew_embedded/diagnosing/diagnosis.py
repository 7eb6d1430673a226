"""The whole of `groundcrew diagnose`: read, keep what matters, replay it through the production handlers, report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from groundcrew.runtime.compiled_patterns import CompiledFolder
from groundcrew.runtime.packs import load_packs
from groundcrew_embedded.diagnosing.composing import PAUSE, compose
from groundcrew_embedded.diagnosing.gathering import Gathered, Gathering, Named
from groundcrew_embedded.diagnosing.kinds import Kind
from groundcrew_embedded.feeder import STEP_S
from groundcrew_embedded.replay import run
from groundcrew_embedded.scenario import Scenario

LOOKS = 100
"""Looks at everything within the span of what was read."""

STEPS = 2_000
"""Batches from which on steps grow with the span."""


async def diagnose(
    named: Sequence[Named],
    *,
    host: str = "",
    kind: Kind | None = None,
    now_us: int,
    name: str = "files",
    patterns: Path | None = None,
) -> dict[str, Any]:
    """What `--json` prints: as replay does, and beside it what was read. `patterns` is a folder that keeps compiled
    patterns. Raises Unusable."""
    silent = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))
    kept = CompiledFolder(patterns, silent) if patterns is not None else None
    rules = load_packs(None).knowledge.rules
    found = await Gathering(rules, kind=kind, now_us=now_us, compiled=kept).read(named)
    scenario = compose(found, host=host, name=name)
    told = await run(scenario, pause=PAUSE, patterns=patterns, looks_s=_looks_s(scenario), step_s=_step_s(scenario))
    return {**told, "span": _span(found, scenario.start.isoformat(), scenario.end.isoformat()), **_read(found)}


def _looks_s(scenario: Scenario) -> int:
    """Review looks every minute at an hour of logs, and every hour at weeks of them."""
    return min(max(round((scenario.end - scenario.start).total_seconds() / LOOKS), 60), 3_600)


def _step_s(scenario: Scenario) -> int:
    """Few observations travel as from a collector, tens of thousands in fewer and larger batches."""
    span_s = (scenario.end - scenario.start).total_seconds()
    return STEP_S if len(scenario.arrivals) < STEPS else min(max(round(span_s / STEPS), STEP_S), 600)


def _span(found: Gathered, start: str, end: str) -> dict[str, str] | None:
    """From the first to the last thing that says anything."""
    return {"from": start, "to": end} if found.sieve.kept or found.bmcs or found.samples else None


def _read(found: Gathered) -> dict[str, Any]:
    files = [
        {
            "name": one.name,
            "kind": one.kind,
            "entries": one.entries,
            "lines": one.is_log,
            "matched": one.matched,
            "note": one.note,
            "skipped": one.skipped,
        }
        for one in found.tallies
    ]
    sieve = found.sieve
    return {
        "read": files,
        "repeats": sieve.folded,
        "dropped": sieve.dropped,
        "unruled": {"errors": sieve.unruled, "examples": sieve.samples},
    }


__all__ = ["Named", "diagnose"]
