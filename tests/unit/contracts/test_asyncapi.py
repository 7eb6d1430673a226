"""docs/asyncapi.json is what the code says, and what the services really send fits it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT7

from groundcrew.contracts.asyncapi import document, main, rendered
from groundcrew.contracts.envelope import ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Severity, TriggerRaised
from groundcrew.contracts.queries import Endpoints, HostsQuery
from groundcrew.contracts.streams import ROUTES, Durables

FILE = Path(__file__).parents[3] / "docs" / "asyncapi.json"
NOW = datetime(2026, 3, 4, 2, 36, tzinfo=UTC)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def validator(described: dict[str, Any], pointer: str) -> Draft7Validator:
    registry = Registry().with_resource("urn:doc", DRAFT7.create_resource(described))
    return Draft7Validator({"$ref": f"urn:doc{pointer}"}, registry=registry)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(described: dict[str, Any], reference: str) -> Any:
    node: Any = described
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_the_file_in_the_repository_is_up_to_date():
    assert FILE.read_text() == rendered(), "run: python -m groundcrew.contracts.asyncapi > docs/asyncapi.json"


def test_check_prints_the_difference(tmp_path, capsys):
    stale = tmp_path / "asyncapi.json"
    stale.write_text(rendered().replace("gc.{site}.trigger", "gc.{site}.toaster", 1))
    assert main(["--check", str(stale)]) == 1
    assert '+   "address": "gc.{site}.trigger.{severity}.{entity}",' in capsys.readouterr().out
    stale.write_text(rendered())
    assert main(["--check", str(stale)]) == 0


def test_every_reference_leads_somewhere(described):
    for reference in set(references(described)):
        assert resolve(described, reference) is not None, reference


def test_it_has_the_shape_of_asyncapi_3(described):
    assert described["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= described["info"].keys()
    for channel in described["channels"].values():
        assert channel.keys() >= {"address", "messages"}
        names = {part.strip("{}") for part in (channel["address"] or "").split(".") if part.startswith("{")}
        assert names == set(channel.get("parameters", {})), "each placeholder of an address is a parameter"
    for name, operation in described["operations"].items():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/"), f"{name}: its messages are of its channel"


def test_all_that_the_tables_name_is_there(described):
    for route in ROUTES:
        assert described["channels"][route.message.TYPE]["address"] == route.subject
        assert described["operations"][f"publish.{route.message.TYPE}"]["x-services"] == list(route.publishers)
    for durable in Durables.all():
        assert described["operations"][f"consume.{durable.name}"]["x-services"] == [durable.owner]
    for endpoint in Endpoints.all():
        asked = described["operations"][f"ask.{endpoint.owner}.{endpoint.what}"]
        assert asked["x-services"] == list(endpoint.callers)
        assert resolve(described, asked["reply"]["messages"][0]["$ref"])


def test_a_durable_hears_what_its_filters_let_through(described):
    heard = described["operations"]["consume.trigger"]["x-types"]
    judged = ["observe.logs", "observe.metrics", "observe.services", "observe.sel", "observe.sensors"]
    assert heard == [*judged, "observe.eventlogs"]
    assert described["operations"]["consume.fuse"]["x-types"] == ["trigger.raised"]


def test_schemas_are_what_asyncapi_reads_by_default(described):
    """An AsyncAPI schema is JSON Schema draft 7 where nothing else is said."""
    Draft7Validator.check_schema({"definitions": described["components"]["schemas"]})
    text = json.dumps(described)
    assert '"prefixItems"' not in text
    assert '"$defs"' not in text


def test_a_real_message_fits_and_a_wrong_one_does_not(described):
    data = TriggerRaised(
        rule_id="psu-input-lost",
        severity=Severity.CRITICAL,
        title="PSU2 lost its input",
        causes=["psu.input_lost"],
        component_class="psu",
        component="PSU2",
        first_seen=NOW,
        last_seen=NOW,
        evidence=[
            Evidence(
                id=stable_id("e"),
                source=EvidenceSource.SEL,
                ref="b/1",
                time=NOW,
                entity="bmc:b",
                text="Power Supply AC lost",
            )
        ],
    )
    envelope = seal(
        data,
        id=stable_id("t"),
        site="default",
        entity="bmc:b",
        time=NOW,
        received_at=NOW,
        source="sel",
        position="1",
        produced_by=ProducedBy(service="trigger", version="1"),
    )
    sent = json.loads(encode(envelope))
    check = validator(described, "#/components/messages/trigger.raised/payload")
    check.validate(sent)
    with pytest.raises(ValidationError, match=r"'observe.logs'|was expected"):
        check.validate(sent | {"type": "observe.logs"})
    with pytest.raises(ValidationError, match="'severity' is a required property"):
        check.validate(sent | {"data": {k: v for k, v in sent["data"].items() if k != "severity"}})


def test_a_request_fits(described):
    check = validator(described, "#/components/messages/HostsQuery/payload")
    check.validate(json.loads(HostsQuery(limit=5).model_dump_json()))
    with pytest.raises(ValidationError):
        check.validate({"limit": 0})
