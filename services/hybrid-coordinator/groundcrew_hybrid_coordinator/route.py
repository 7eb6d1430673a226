"""One model server on the way of a question: whether it may be asked now, whether the question fits, how it went."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import CompletionOutcome, Served
from groundcrew.models.port import ModelFailed, ModelServer, Prompt
from groundcrew_hybrid_coordinator.circuit import Circuit
from groundcrew_hybrid_coordinator.places import NoPlace, Places
from groundcrew_hybrid_coordinator.settings import ModelSection
from groundcrew_hybrid_coordinator.token_counts import TURN_TOKENS, TokenCounter, at_most, roughly

GREET_S = 2.0
"""A server that does not even say what it serves within this time is not asked: one that hangs would cost a question
its whole deadline."""

SEEN_S = 10.0
"""How long a sign of life counts."""

COUNT_S = 2.0

Left = Callable[[], float]
"""Seconds that are left of a question's time."""

FAILURES = frozenset({CompletionOutcome.UNREACHABLE, CompletionOutcome.TIMED_OUT})
"""Outcomes that speak against the server. An answer of no use does not: the next question may get a better one."""


class Route:
    """A server with its circuit and its places. The remote one is shared by all purposes that may use it."""

    def __init__(
        self,
        *,
        served: Served,
        server: ModelServer,
        section: ModelSection,
        circuit: Circuit,
        counter: TokenCounter,
        clock: Clock,
    ) -> None:
        self.served = served
        self.server = server
        self.section = section
        self.circuit = circuit
        self.places = Places(section.concurrency, section.queue)
        self.name = section.name
        self._counter = counter
        self._clock = clock
        self._seen: float | None = None

    @asynccontextmanager
    async def turn(self, within_s: float) -> AsyncIterator[Left]:
        """A place at the server, which has given a sign of life. What is raised inside tells the circuit how it went.
        Raises ModelFailed where there is no place or no server."""
        end = self._clock.monotonic() + within_s

        def left() -> float:
            return max(0.001, end - self._clock.monotonic())

        self._refuse_while_open()
        place = self.places.one(within_s=within_s)
        try:
            await place.__aenter__()
        except NoPlace:
            waiting = f"{self.section.concurrency} questions are under way and {self.section.queue} wait"
            raise ModelFailed(CompletionOutcome.BUSY, f"{self.server.address} is busy: {waiting}") from None
        except TimeoutError:
            reason = f"{self.server.address}: no place came free within {within_s:g} s"
            raise ModelFailed(CompletionOutcome.TIMED_OUT, reason) from None
        try:
            if not self.circuit.admits():
                self._refuse_while_open()
            with self._watched():
                await self.greet(min(GREET_S, left()))
                yield left
        finally:
            await place.__aexit__(None, None, None)

    async def greet(self, within_s: float) -> None:
        """Nothing where the server gave a sign of life just now; else ask it which model it has."""
        if self._seen is not None and self._clock.monotonic() - self._seen < SEEN_S:
            return
        try:
            self.name = await self.server.model(within_s=within_s)
        except ModelFailed as failed:
            if failed.outcome is CompletionOutcome.BUSY:
                raise
            raise ModelFailed(CompletionOutcome.UNREACHABLE, failed.reason) from failed
        self.seen()

    def seen(self) -> None:
        self._seen = self._clock.monotonic()

    async def measure(self, prompt: Prompt, left: float) -> int:
        """Tokens of the prompt. Raises ModelFailed where prompt and answer are longer than the context."""
        room = self.section.context_tokens - prompt.max_tokens
        if at_most(prompt.turns) <= room:
            return sum(roughly(turn.text) + TURN_TOKENS for turn in prompt.turns)
        tokens: int | None = None
        if self.served is Served.LOCAL:
            tokens = await self.server.count(prompt.turns, within_s=min(COUNT_S, left))
        if tokens is None:
            tokens = await self._counter.estimate(prompt.turns)
        if tokens > room:
            reason = (
                f"the prompt has about {tokens} tokens; with {prompt.max_tokens} for the answer that is more than the"
                f" {self.section.context_tokens} of {self.server.address}"
            )
            raise ModelFailed(CompletionOutcome.OVER_BUDGET, reason)
        return tokens

    async def check(self) -> str:
        """For readiness and the list of models: what is served, or the reason why not."""
        self._refuse_while_open()
        await self.greet(GREET_S * 0.75)  # a readiness check has two seconds
        return f"{self.name} at {self.server.address}"

    def _refuse_while_open(self) -> None:
        if self.circuit.blocked:
            reason = f"left alone for a while, it failed {self.circuit.failures} times: {self.circuit.reason}"
            raise ModelFailed(CompletionOutcome.UNREACHABLE, reason)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except ModelFailed as failed:
            if failed.outcome in FAILURES:
                self._seen = None
                self.circuit.failed(failed.reason)
            else:
                self.circuit.left()
            raise
        except BaseException:
            self.circuit.left()
            raise
        self.seen()
        self.circuit.succeeded()
