"""A model server that says what it was told to: for replay and tests. No network, no model."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from groundcrew.contracts.completions import CompletionOutcome, Turn
from groundcrew.models.port import ModelFailed, Prompt, Said
from groundcrew.models.replies import Usage, finished

Script = Callable[[Prompt], str]
"""The text for a prompt; it may raise ModelFailed."""


class ScriptedServer:
    """Answers as `script` says; counts a token per word. `asked` keeps what it was asked."""

    def __init__(self, script: Script | str, *, name: str = "scripted", delay_s: float = 0) -> None:
        self._script = script if callable(script) else lambda _: script
        self._name = name
        self._delay_s = delay_s
        self.asked: list[Prompt] = []
        self.closed = False

    @property
    def address(self) -> str:
        return f"scripted:{self._name}"

    async def model(self, *, within_s: float) -> str:
        del within_s
        return self._name

    async def answer(self, prompt: Prompt, *, within_s: float) -> Said:
        self.asked.append(prompt)
        if self._delay_s > within_s:
            await asyncio.sleep(within_s)
            raise ModelFailed(CompletionOutcome.TIMED_OUT, f"{self.address}: no answer within {within_s:g} s")
        await asyncio.sleep(self._delay_s)
        words = self._script(prompt).split(" ")
        said, reason = " ".join(words[: prompt.max_tokens]), "length" if len(words) > prompt.max_tokens else "stop"
        usage = Usage(prompt_tokens=_words(prompt.turns), completion_tokens=min(len(words), prompt.max_tokens))
        return finished(prompt, said, model=self._name, reason=reason, usage=usage)

    async def stream(self, prompt: Prompt, *, within_s: float, first_s: float) -> AsyncGenerator[str | Said, None]:
        said = await self.answer(prompt, within_s=min(within_s, first_s))
        words = said.text.split(" ")
        for number, word in enumerate(words):
            yield word if number == len(words) - 1 else f"{word} "
        yield said

    async def count(self, turns: Sequence[Turn], *, within_s: float) -> int | None:
        del within_s
        return _words(turns)

    async def close(self) -> None:
        self.closed = True


def _words(turns: Sequence[Turn]) -> int:
    return sum(len(turn.text.split()) for turn in turns)
