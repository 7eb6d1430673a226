"""Prometheus registries: one per service; `Gathered` shows several as one where services share a process."""

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, GCCollector, Info, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample


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
    """A registry that also shows those of other services, each sample labelled with its service.

    Families that several services have are written once, as the exposition format demands.
    """

    def __init__(self, service: str, others: Mapping[str, CollectorRegistry]) -> None:
        super().__init__()
        self._service = service
        self._others = others

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        own: list[tuple[str, Iterable[Metric]]] = [(self._service, super().collect())]
        for service, metrics in own + [(name, registry.collect()) for name, registry in sorted(self._others.items())]:
            for metric in metrics:
                family = families.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type, metric.unit)
                )
                family.samples.extend(_labelled(sample, service) for sample in metric.samples)
        return families.values()


def _labelled(sample: Sample, service: str) -> Sample:
    return sample._replace(labels={"service": service, **sample.labels})
