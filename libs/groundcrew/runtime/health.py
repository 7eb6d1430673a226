"""Readiness per dependency."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from groundcrew.contracts.clock import Clock
from groundcrew.runtime.resources import Check, CheckResult, HealthReport
from groundcrew.telemetry.redaction import redact_text

CHECK_TIMEOUT_S = 2.0
KEEP_S = 1.0
"""A report is this old at most: probes may come as often as they like without loading the dependencies."""

MAX_DETAIL = 300


@dataclass
class _Named:
    check: Check
    required: bool


@dataclass
class HealthBoard:
    """The checks of one process. Unready until `started`, and again once `draining`."""

    clock: Clock
    timeout_s: float = CHECK_TIMEOUT_S
    state: str = "starting"
    _checks: dict[str, _Named] = field(default_factory=dict)
    _report: tuple[float, HealthReport] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _hanging: dict[str, asyncio.Future[str]] = field(default_factory=dict)

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        if name in self._checks:
            msg = f"there is a health check '{name}' already"
            raise ValueError(msg)
        self._checks[name] = _Named(check, required)
        self._report = None

    def started(self) -> None:
        self.state, self._report = "running", None

    def draining(self) -> None:
        self.state, self._report = "draining", None

    async def report(self) -> HealthReport:
        """The state of every dependency, not older than KEEP_S."""
        async with self._lock:
            if self._report is not None and self.clock.monotonic() - self._report[0] < KEEP_S:
                return self._report[1]
            names = sorted(self._checks)
            results = await asyncio.gather(*(self._run(name, self._checks[name]) for name in names))
            checks = dict(zip(names, results, strict=True))
            ready = self.state == "running" and all(result.ok or not result.required for result in checks.values())
            report = HealthReport(ready=ready, state=self.state, checks=checks)
            self._report = (self.clock.monotonic(), report)
            return report

    async def _run(self, name: str, named: _Named) -> CheckResult:
        detail, ok = await self._ask(name, named.check)
        return CheckResult(ok=ok, required=named.required, detail=redact_text(detail)[:MAX_DETAIL])

    async def _ask(self, name: str, check: Check) -> tuple[str, bool]:
        """A check that is over time is cancelled and not waited for: a database driver takes seconds to give up on a
        frozen server, and a probe must be answered meanwhile. The next one begins when it has ended."""
        late = f"no answer within {self.timeout_s:g} s", False
        if name in self._hanging:
            return late
        asked = asyncio.ensure_future(check())
        try:
            await asyncio.wait({asked}, timeout=self.timeout_s)
        finally:
            if not asked.done():
                asked.cancel()
                self._hanging[name] = asked
                asked.add_done_callback(lambda ended: self._ended(name, ended))
        if not asked.done():
            return late
        if asked.cancelled():
            return "the check was cancelled", False
        if (error := asked.exception()) is not None:
            return str(error) or type(error).__name__, False
        return asked.result(), True

    def _ended(self, name: str, ended: "asyncio.Future[str]") -> None:
        del self._hanging[name]
        if not ended.cancelled():
            ended.exception()  # it failed after its time: that is known already


class ServiceHealth:
    """The part of a shared board that one of several services in a process sees: its names get a prefix."""

    def __init__(self, board: HealthBoard, service: str) -> None:
        self._board = board
        self._prefix = f"{service}."

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        self._board.add(self._prefix + name, check, required=required)

    async def report(self) -> HealthReport:
        return await self._board.report()


def as_json(report: HealthReport) -> Mapping[str, object]:
    """The body of /readyz."""
    checks = {
        name: {"ok": result.ok, "required": result.required, "detail": result.detail}
        for name, result in report.checks.items()
    }
    return {"ready": report.ready, "state": report.state, "checks": checks}
