"""Prometheus registries: one per service; `Gathered` shows several as one where services share a process."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, GCCollector, Info, ProcessCollector
from prometheus_client.metrics_core import Metric


def product_version() -> str:
    """Version of the installed `groundcrew` distribution."""
    try:
        return version("groundcrew")
    except PackageNotFoundError:
        return "0+source"


def new_registry(service: str, *, process: bool = True) -> CollectorRegistry:
    """A registry with `groundcrew_build_info`; `process` adds CPU, memory and file descriptors of this process."""
    registry = CollectorRegistry()
    build = Info("groundcrew_build", "What is running here", registry=registry)
    build.info({"service": service, "version": product_version(), "python": platform.python_version()})
    if process:
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
    return registry


class Gathered(CollectorRegistry):
    """A registry that also shows those of other services, each sample with the labels that its service goes by.

    Families that several services have are written once, as the exposition format demands.
    """

    def __init__(
        self, labels: Mapping[str, str], others: Sequence[tuple[Mapping[str, str], CollectorRegistry]]
    ) -> None:
        super().__init__()
        self._labels = labels
        self._others = others

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for labels, metrics in [
            (self._labels, super().collect()),
            *((labels, registry.collect()) for labels, registry in self._others),
        ]:
            for metric in metrics:
                family = families.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type, metric.unit)
                )
                family.samples.extend(sample._replace(labels={**labels, **sample.labels}) for sample in metric.samples)
        return families.values()
