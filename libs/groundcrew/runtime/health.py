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
            results = await asyncio.gather(*(self._run(self._checks[name]) for name in names))
            checks = dict(zip(names, results, strict=True))
            ready = self.state == "running" and all(result.ok or not result.required for result in checks.values())
            report = HealthReport(ready=ready, state=self.state, checks=checks)
            self._report = (self.clock.monotonic(), report)
            return report

    async def _run(self, named: _Named) -> CheckResult:
        try:
            async with asyncio.timeout(self.timeout_s):
                detail, ok = await named.check(), True
        except TimeoutError:
            detail, ok = f"no answer within {self.timeout_s:g} s", False
        except Exception as error:  # noqa: BLE001 - whatever a check raises is its finding
            detail, ok = str(error) or type(error).__name__, False
        return CheckResult(ok=ok, required=named.required, detail=redact_text(detail)[:MAX_DETAIL])


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
