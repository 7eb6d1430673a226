"""Alertmanager's webhook: alerts become observations of what they are about, stored once however often they come."""

from typing import Any

import pytest
from tests.unit.gateway.conftest import Rig

from groundcrew.bus.port import Delivery
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Durables
from groundcrew.diagnosis.rules import Example
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.packs import load_packs
from groundcrew.stores.gateway.port import Role

PATH = "/api/v1/alerts/alertmanager"


def alert(name: str = "NodeFilesystemAlmostOutOfSpace", status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "warning", "instance": "brickbox-43:9100", **labels},
        "annotations": {"summary": "Less than 5% of\n space is left"},
        "startsAt": "2026-03-04T02:50:00.123Z",
        "endsAt": "2026-03-04T02:58:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": f"{name}{sorted(labels)}"[:64],
    }


def group(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="x"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "groundcrew",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
        **more,
    }


@pytest.fixture
async def seen(rig: Rig) -> list[Delivery[Any]]:
    """What comes to the trigger service."""
    found: list[Delivery[Any]] = []

    async def note(delivery: Delivery[Any]) -> None:
        found.append(delivery)

    await rig.bus.consume(Durables.TRIGGER, note)
    return found


async def arrived(rig: Rig, seen: list[Delivery[Any]]) -> list[LogBatch]:
    await rig.broker.settle()
    return [delivery.envelope.data for delivery in seen]


async def test_an_alert_is_a_line_of_the_host_that_it_is_about(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    answer = await client.post(PATH, json=group(alert(mountpoint="/srv", device="/dev/sda2")))
    assert (answer.status_code, answer.json()) == (202, {"taken": 1, "truncated": 0})
    (batch,) = await arrived(rig, seen)
    assert seen[0].envelope.entity == "host:brickbox-43"
    assert batch.identifiers == ["alertmanager"]
    assert batch.messages == [
        "firing warning NodeFilesystemAlmostOutOfSpace on /dev/sda2: Less than 5% of space is left"
    ]
    assert seen[0].envelope.time.isoformat() == "2026-03-04T02:50:00.123000+00:00"


async def test_the_rules_know_the_line(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    await client.post(PATH, json=group(alert(mountpoint="/srv"), alert("Odd", severity="critical")))
    trial = Trial(load_packs().knowledge.rules)
    batches = await arrived(rig, seen)
    verdicts = [trial.judge(Example(text=batch.messages[0], identifier="alertmanager")) for batch in batches]
    assert [[(one.rule.id, one.component) for one in found] for found in verdicts] == [
        [("alert.filesystem", "/srv")],
        [("alert.critical", "Odd")],
    ]


async def test_an_address_is_looked_up_in_the_inventory(rig: Rig, seen: list[Delivery[Any]]) -> None:
    rig.fleet.inventory = Inventory(host=[InventoryHost(name="n7", address="10.0.0.7", switch="tor-3")])
    client = await rig.client(Role.REPORTER)
    await client.post(PATH, json=group(alert(instance="10.0.0.7:9100"), alert(instance="tor-3:9116", part="a")))
    await arrived(rig, seen)
    assert [delivery.envelope.entity for delivery in seen] == ["host:n7", "switch:tor-3"]


async def test_an_alert_about_no_machine_is_about_the_site(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    await client.post(PATH, json=group(alert("JobAbsent", instance="")))
    await arrived(rig, seen)
    assert seen[0].envelope.entity == "site:default"


async def test_a_repeated_notification_changes_no_id_and_no_time(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    for _ in range(2):
        assert (await client.post(PATH, json=group(alert()))).status_code == 202
    await client.post(PATH, json=group(alert(status="resolved")))
    first, *rest = await arrived(rig, seen)
    same = [batch for batch in rest if batch.ids == first.ids]
    assert all(batch.times == first.times for batch in same)
    ended = next(batch for batch in rest if batch.messages[0].startswith("resolved"))
    assert ended.ids != first.ids


@pytest.mark.parametrize(
    ("label", "severity"),
    [("page", "critical"), ("CRITICAL", "critical"), ("none", "info"), ("odd", "warning"), ("", "warning")],
)
async def test_severities_of_other_tools_are_ours(
    rig: Rig, seen: list[Delivery[Any]], label: str, severity: str
) -> None:
    client = await rig.client(Role.REPORTER)
    await client.post(PATH, json=group(alert(severity=label)))
    (batch,) = await arrived(rig, seen)
    assert batch.messages[0].split()[1] == severity


async def test_long_and_hostile_text_is_one_bounded_line(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    hostile = alert("Bad\x00Name with spaces", device="x\ny")
    hostile["annotations"] = {"summary": "a\n" * 50_000 + "\x00"}
    assert (await client.post(PATH, json=group(hostile))).status_code == 202
    (batch,) = await arrived(rig, seen)
    assert "\n" not in batch.messages[0]
    assert "\0" not in batch.messages[0]
    assert len(batch.messages[0]) <= 4_000


async def test_hundreds_of_alerts_fit_one_notification(rig: Rig, seen: list[Delivery[Any]]) -> None:
    client = await rig.client(Role.REPORTER)
    many = [alert(f"Alert{number}", text="x" * 300) for number in range(1_000)]
    answer = await client.post(PATH, json=group(*many, truncatedAlerts=7))
    assert answer.json() == {"taken": 1_000, "truncated": 7}
    assert rig.registry.get_sample_value("groundcrew_gateway_alerts_total", {"tool": "alertmanager"}) == 1_000


async def test_a_malformed_notification_names_the_place(rig: Rig) -> None:
    client = await rig.client(Role.REPORTER)
    wrong = alert()
    wrong["startsAt"] = "yesterday"
    answer = await client.post(PATH, json=group(alert(), wrong))
    assert answer.status_code == 422
    assert "alerts" in answer.text
    assert "startsAt" in answer.text


async def test_while_the_bus_is_away_the_tool_is_told_to_try_again(rig: Rig) -> None:
    client = await rig.client(Role.REPORTER)
    await rig.gateway.bus.close()
    answer = await client.post(PATH, json=group(alert()))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_a_reporter_sees_nothing_and_signs_in_nowhere(rig: Rig) -> None:
    client = await rig.client(Role.REPORTER)
    assert (await client.get("/api/v1/incidents")).status_code == 403
    assert (await client.get("/v1/models")).status_code == 403
    browser = await rig.client(None)
    browser.headers["Origin"] = "http://127.0.0.1:40083"
    answer = await browser.post("/api/v1/session", json={"key": await rig.key(Role.REPORTER)})
    assert answer.status_code == 403


async def test_whoever_only_looks_hands_in_nothing(rig: Rig) -> None:
    viewer = await rig.client(Role.VIEWER)
    assert (await viewer.post(PATH, json=group(alert()))).status_code == 403
    operator = await rig.client(Role.OPERATOR)
    assert (await operator.post(PATH, json=group(alert()))).status_code == 202
