"""The dashboard of BMCs asks for metrics that the collector has, and for nothing that Grafana does not bring along."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew_ipmi_collector.observing import Observer

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "groundcrew-bmc.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
COMES_ALONG = {"stat", "timeseries", "bargauge", "table", "gauge"}


class Bus:
    site = "demo"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def observer(registry: CollectorRegistry) -> Observer:
    return Observer(
        Bus(),  # type: ignore[arg-type]
        clock=SystemClock(),
        produced_by=ProducedBy(service="ipmi-collector", version="0"),
        registry=registry,
        log=structlog.get_logger(),
    )


def test_every_metric_that_it_asks_for_is_one_of_the_collector(observer: Observer, registry: CollectorRegistry):
    there = {f"{metric.name}{end}" for metric in registry.collect() for end in SUFFIXES.get(metric.type, ())}
    asked = {name for text in EXPRESSIONS for name in re.findall(r"\bgroundcrew_\w+", text)}
    assert len(asked) >= 9
    assert asked - there == set()


def test_every_label_that_it_sorts_by_is_one_of_its_metric(observer: Observer):
    labels = {
        gauge._name: set(gauge._labelnames)
        for gauge in vars(observer).values()
        if hasattr(gauge, "_labelnames") and hasattr(gauge, "_name")
    }
    for panel in PANELS:
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            metrics = re.findall(r"\bgroundcrew_\w+?(?=_total|_bucket|\b)", target["expr"])
            assert named <= set.union(*(labels[name] for name in metrics)), panel["title"]


def test_it_needs_no_plugin_and_only_the_source_that_is_provisioned():
    sources = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "groundcrew.yaml").read_text())["datasources"]
    known = {(one["type"], one["uid"]) for one in sources}
    for panel in PANELS:
        assert panel["type"] in COMES_ALONG
        for place in (panel, *panel["targets"]):
            assert (place["datasource"]["type"], place["datasource"]["uid"]) in known


def test_its_panels_have_ids_and_places_of_their_own():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert DASHBOARD["id"] is None
    assert DASHBOARD["uid"] == "groundcrew-bmc"
    for panel in PANELS:
        grid = panel["gridPos"]
        assert 0 <= grid["x"] < grid["x"] + grid["w"] <= 24
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


def test_sensors_are_counted_by_class_and_leave_with_their_bmc(observer: Observer, registry: CollectorRegistry):
    def value(kind: str, status: str) -> float | None:
        labels = {"class": kind, "status": status}
        return registry.get_sample_value("groundcrew_ipmi_collector_sensors", labels)

    fans = [SensorRead(f"FAN{number}", 5_000.0, "", "RPM", "ok") for number in range(3)]
    observer.count_sensors("a", [*fans, SensorRead("PS1 Status", None, "Presence detected", "", "ok")])
    observer.count_sensors("b", fans)
    observer.count_sensors("b", [SensorRead("FAN0", 0.0, "", "RPM", "cr"), *fans[1:]])
    assert (value("fan", "ok"), value("fan", "cr"), value("state", "ok")) == (5, 1, 1)
    observer.log_fill.labels("b").set(0.5)
    observer.left("b")
    assert (value("fan", "ok"), value("fan", "cr")) == (3, 0)
    assert registry.get_sample_value("groundcrew_ipmi_collector_log_fill_ratio", {"bmc": "b"}) is None
