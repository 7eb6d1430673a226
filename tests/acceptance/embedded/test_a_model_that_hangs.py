"""A model server that lists its model and then never answers costs seconds, at the settings that are shipped."""

import asyncio
import time

import httpx2
import openai
import pytest

from groundcrew_embedded import command
from groundcrew_embedded.home import Home

from ...unit.coordinator.nasty import hang, running  # noqa: TID252 - tests are no installed package
from .conftest import Running

ASK = "how is the fleet?"
PROMISED_S = 8.0
"""meta.first_word_s is 4; the rest is for a busy machine. The model's own deadline would be 60."""


@pytest.fixture
def configured(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Nothing is set but the address, which each test fills in."""
    for name in ("META__FIRST_WORD_S", "MODEL_META__DEADLINE_S", "MODEL_META__FIRST_TOKEN_S"):
        monkeypatch.delenv(f"GROUNDCREW_{name}", raising=False)
    return home


async def test_the_rules_answer_at_once_and_say_what_is_missing(
    configured: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(hang) as server:
        monkeypatch.setenv("GROUNDCREW_MODEL_META__URL", server.url)
        options = command.UpOptions(home=configured.path, port=0)
        system = Running(configured, await asyncio.to_thread(command.up_detached, options))

        key = system.home.api_key.read_text().strip()
        async with openai.AsyncOpenAI(base_url=f"{system.state.url}/v1", api_key=key, max_retries=0) as client:
            began = time.monotonic()
            reply = await client.chat.completions.create(
                model="groundcrew", messages=[{"role": "user", "content": ASK}]
            )
            assert time.monotonic() - began < PROMISED_S
        text = reply.choices[0].message.content or ""
        assert "Nothing is wrong that the rules know of" in text
        assert "The model" in text

        async with httpx2.AsyncClient(headers=system.key, timeout=60) as rest:
            began = time.monotonic()
            answer = (await rest.post(f"{system.state.url}/api/v1/ask", json={"text": ASK})).json()
            assert time.monotonic() - began < PROMISED_S
        assert "Nothing is wrong that the rules know of" in answer["text"]
        assert answer["missing"]
        assert answer["outcome"] == "timed-out"
        assert server.questions >= 1, "it was asked, and the answer did not wait for it"
