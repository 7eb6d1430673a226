"""Lines of /readyz about models. None of them makes the service unready: without a model rules go on alone."""

from collections.abc import Awaitable, Callable, Sequence

from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.models.port import ModelFailed
from groundcrew_hybrid_coordinator.route import Route


def model_check(routes: Sequence[Route], missing: tuple[CompletionOutcome, str]) -> Callable[[], Awaitable[str]]:
    """Where nothing is configured all is as the operator wants it; a server that is away is told."""

    async def check() -> str:
        if not routes:
            return f"off: {missing[1]}"
        away: list[str] = []
        for route in routes:
            try:
                said = await route.check()
            except ModelFailed as failed:
                away.append(f"{route.served.value}: {failed.reason}")
            else:
                return "; ".join([*away, f"{route.served.value}: {said}"])
        raise ModelFailed(CompletionOutcome.UNREACHABLE, "; ".join(away))

    return check
