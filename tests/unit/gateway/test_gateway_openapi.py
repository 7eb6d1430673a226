"""The API's description: a checked-in snapshot, complete, and true of the application."""

from pathlib import Path
from unittest import SkipTest

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode

from groundcrew_gateway import openapi

BASE = "http://127.0.0.1:40083"
DESCRIBED = schemathesis.openapi.from_dict(openapi.bare_app().openapi())
SNAPSHOT = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_snapshot_is_what_the_code_says():
    wanted = "docs/openapi.json is stale: python -m groundcrew_gateway.openapi > docs/openapi.json"
    assert SNAPSHOT.read_text() == openapi.rendered(), wanted


def test_the_description_is_valid_openapi_3_1_with_an_id_for_every_operation():
    description = openapi.bare_app().openapi()
    assert description["openapi"].startswith("3.1")
    validate(description)
    operations = [one["operationId"] for path in description["paths"].values() for one in path.values()]
    assert len(set(operations)) == len(operations) >= 25
    for name in ("Incident", "Action", "HostSummary", "LogLine"):
        assert description["components"]["schemas"][name]["examples"]


def cases(label: str, mode: GenerationMode) -> list[schemathesis.Case]:
    """A dozen requests that fit the description (or that just don't), always the same ones."""
    operation = next(one.ok() for one in DESCRIBED.get_all_operations() if one.ok().label == label)
    made = []

    @settings(max_examples=12, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: schemathesis.Case) -> None:
        made.append(case)

    try:
        collect()
    except (SkipTest, Unsatisfiable):
        assert mode is GenerationMode.NEGATIVE, "every operation can be called rightly"
    return made


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", [one.ok().label for one in DESCRIBED.get_all_operations()])
async def test_no_input_makes_the_gateway_fail(rig, label, mode):
    client = await rig.client()
    for case in cases(label, mode):
        sent = case.as_transport_kwargs(base_url=BASE)
        sent.pop("cookies", None)
        if isinstance(sent.get("data"), bytes | str):
            sent["content"] = sent.pop("data")
        sent["headers"] = {
            name: value.encode("utf-8", "replace")
            for name, value in dict(sent.get("headers") or {}).items()
            if name.lower() not in {"authorization", "host", "content-length"}
        }
        answer = await client.request(**sent)
        assert answer.status_code < 500, f"{case.as_curl_command()}: {answer.text}"
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
