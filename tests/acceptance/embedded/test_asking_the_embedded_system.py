"""The official `openai` client and `groundcrew chat` against the embedded system as `groundcrew up` runs it."""

import os
import subprocess
import sys

import openai
import pytest

from groundcrew.contracts.conversations import Answer

from .conftest import Running

ASK = "how is the fleet?"


@pytest.fixture
def client(running: Running):
    key = running.home.api_key.read_text().strip()
    with openai.OpenAI(base_url=f"{running.state.url}/v1", api_key=key, max_retries=0, timeout=30) as made:
        yield made


def test_the_official_client_is_answered(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["groundcrew"]
    reply = client.chat.completions.create(model="groundcrew", messages=[{"role": "user", "content": ASK}])
    assert "Nothing is wrong that the rules know of" in (reply.choices[0].message.content or "")
    assert reply.model_extra is not None
    assert reply.model_extra["groundcrew"]["missing"], "no model is configured here, and that is said"


def test_the_official_client_hears_a_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="groundcrew", messages=[{"role": "user", "content": ASK}], stream=True
    )
    chunks = list(stream)
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text.startswith("**Nothing is wrong")
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_groundcrew_chat_answers_in_the_terminal(running: Running) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(running.home.path), "GROUNDCREW_HOME": str(running.home.path)}
    command = [sys.executable, "-m", "groundcrew_cli", "chat", ASK]
    shown = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, cwd="/")
    assert shown.stdout.startswith("Nothing is wrong that the rules know of.")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    whole = subprocess.run([*command, "--json"], env=environ, capture_output=True, text=True, check=True, cwd="/")
    assert Answer.model_validate_json(whole.stdout).conversation_id is not None
