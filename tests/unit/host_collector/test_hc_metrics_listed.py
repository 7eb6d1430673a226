"""docs/operations/metrics.md lists every metric with its unit, and every threshold looks at one of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.diagnosis_hardware.cards import KEPLER, ampere, hopper, printed
from tests.unit.diagnosis_hardware.drives import attribute, disk, nvme, sas
from tests.unit.diagnosis_hardware.drives import printed as smart_printed

from groundcrew.diagnosis.causes import Knowledge as Causes
from groundcrew.diagnosis.detector import Knowledge
from groundcrew.diagnosis.nvidia_smi import TABLE, identity_of, nvlink_samples, parse
from groundcrew.diagnosis.nvidia_smi import samples_of as gpu_samples
from groundcrew.diagnosis.samples import Sample
from groundcrew.diagnosis.smart import ATTRIBUTES, Device, report_of
from groundcrew.runtime.packs import load_packs
from groundcrew_host_collector.metrics import HostMetrics

PAGE = Path(__file__).parents[3] / "docs/operations/metrics.md"
_ROW = re.compile(r"^\| `([a-z0-9_]+)` \| ([^|]*) \| ([a-z_]*) \| ", re.MULTILINE)


def listed() -> dict[str, str]:
    """Unit by name."""
    section = PAGE.read_text().split("## Host", 1)[1]
    return {name: unit for name, _, unit in _ROW.findall(section)}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_packs().knowledge


def measured() -> Iterator[Sample]:
    metrics = HostMetrics()
    metrics.sample()
    yield from metrics.sample()
    for text in (ampere(), hopper(), KEPLER):
        driver, [card] = parse(printed(("00000000:3B:00.0", text)))
        yield identity_of(card, driver)
        yield from gpu_samples(card)
    lines = "GPU 0: X (UUID: a)\n\t Link 0: 25 GB/s\n", "GPU 0: X (UUID: a)\n\t Link 0: CRC Errors: 1\n"
    yield from nvlink_samples(*lines, {"a": "0000:3b:00.0"})
    ata = disk(*(attribute(number, 1) for number in ATTRIBUTES), ata_pending_defects_log={"count": 1})
    log = nvme(warning_temp_time=1, critical_comp_time=1)
    for document in (ata, log, sas(scsi_self_test_0={"result": {"value": 0}})):
        yield from report_of(Device("/dev/sda", "sat"), smart_printed(document)).samples


def test_every_metric_is_listed_with_its_unit() -> None:
    known = listed()
    for sample in measured():
        assert known.get(sample.name) == sample.unit, sample.name
    assert {column.metric: column.unit for column in TABLE}.items() <= known.items()


def test_every_threshold_looks_at_metrics_that_are_listed(knowledge: Knowledge) -> None:
    known = listed()
    for threshold in knowledge.thresholds:
        names = (threshold.metric, threshold.percent_of, threshold.per, threshold.unless_metric)
        assert {name for name in names if name} <= set(known), threshold.id


def test_every_threshold_speaks_for_causes_that_are_known(knowledge: Knowledge) -> None:
    files = [(file.name, file.text) for file in load_packs().texts("causes")]
    causes = set(Causes.parse_layers(files).by_id)
    for threshold in knowledge.thresholds:
        assert set(threshold.causes) <= causes, threshold.id
        if threshold.severity.rank:
            assert threshold.causes, f"{threshold.id}: what opens an incident names a cause"


def test_every_title_and_component_names_labels_of_its_metric(knowledge: Knowledge) -> None:
    text = PAGE.read_text()
    labels = {name: set(re.findall(r"[a-z]+", said)) for name, said, _ in _ROW.findall(text)}
    said = {"value", "limit", "since", "at", "left", "entity"}
    for threshold in knowledge.thresholds:
        named = set(re.findall(r"{(\w+)}", threshold.title + threshold.component))
        assert named <= labels[threshold.metric] | said, threshold.id
        assert set(threshold.labels) | set(threshold.not_labels) - {"fstype"} <= labels[threshold.metric], threshold.id
