"""Alerts of Prometheus Alertmanager as log lines of the entity that they are about.

The payload is that of Alertmanager's webhook receiver, version 4. An alert becomes one line of fixed form, which the
rules of `rules-alerts.toml` read: `firing critical NodeDown on -: text` or `resolved ...`. Its id and time follow from
the alert alone, so that Alertmanager's repetitions store nothing twice.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.senders import Senders

MAX_ALERTS = 1_000
MAX_LABELS = 64
MAX_VALUE = 2_000
MAX_MESSAGE = 4_000
SOURCE = "alertmanager"

WHO = ("host", "hostname", "nodename", "node", "instance", "exported_instance", "target")
"""Labels that say which machine an alert is about, the surest first."""

PARTS = ("device", "mountpoint", "gpu", "disk", "interface", "sensor", "chip", "name", "service", "job_name")
"""Labels that name a part or unit of it, the surest first."""

_SEVERITIES = {
    **dict.fromkeys(("critical", "crit", "page", "emergency", "fatal", "disaster", "error", "high"), "critical"),
    **dict.fromkeys(("info", "information", "informational", "none", "low", "debug", "ok"), "info"),
}
_PRIORITIES = {"critical": 2, "warning": 4, "info": 6}
_AHEAD = timedelta(minutes=5)


def _short(value: Any) -> Any:
    return value[:MAX_VALUE].replace("\0", "\ufffd") if isinstance(value, str) else value


Value = Annotated[str, BeforeValidator(_short)]
Labels = Annotated[dict[Annotated[str, Field(max_length=256)], Value], Field(max_length=MAX_LABELS)]


class Alert(BaseModel):
    """One alert; unknown keys are passed over, as Alertmanager adds some now and then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = Field(default_factory=dict)
    startsAt: AwareDatetime  # noqa: N815 - as Alertmanager spells it
    endsAt: AwareDatetime | None = None  # noqa: N815
    fingerprint: Annotated[str, Field(max_length=64)] = ""


class Notification(BaseModel):
    """What Alertmanager posts: the alerts of one group."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Annotated[str, Field(examples=["4"])] = "4"
    receiver: Value = ""
    truncatedAlerts: int = 0  # noqa: N815
    alerts: list[Alert] = Field(max_length=MAX_ALERTS)


class Handed(BaseModel):
    """What became of the alerts."""

    taken: int = Field(description="alerts that are stored as observations", examples=[3])
    truncated: int = Field(0, description="alerts that Alertmanager left out of this notification")


def envelopes(
    alerts: list[Alert], *, site: str, senders: Senders, now: datetime, produced_by: ProducedBy
) -> list[Envelope[LogBatch]]:
    """One envelope per alert, in their order."""
    return [_sealed(alert, site, senders, now, produced_by) for alert in alerts]


def _sealed(alert: Alert, site: str, senders: Senders, now: datetime, by: ProducedBy) -> Envelope[LogBatch]:
    entity = senders.entity_of(*(alert.labels.get(name, "") for name in WHO)) or f"site:{site}"
    ended = alert.endsAt if alert.status == "resolved" else None
    time = min(ended or alert.startsAt, now + _AHEAD)
    position = stable_id(
        alert.fingerprint or repr(sorted(alert.labels.items())), alert.status, to_us(alert.startsAt), to_us(time)
    )
    data = LogBatch(
        ids=[stable_id(site, SOURCE, position)],
        times=[max(0, to_us(time))],
        priorities=[_PRIORITIES[severity_of(alert)] if alert.status == "firing" else _PRIORITIES["info"]],
        identifiers=[SOURCE],
        units=[""],
        transports=[SOURCE],
        boot_ids=[""],
        positions=[position],
        messages=[message_of(alert)],
    )
    return seal(
        data,
        id=stable_id(site, SOURCE, "batch", position),
        site=site,
        entity=entity,
        time=time,
        received_at=now,
        source=SOURCE,
        position=position,
        produced_by=by,
    )


def severity_of(alert: Alert) -> str:
    """`critical`, `warning` or `info`; what the label says otherwise, or not at all, is a warning."""
    return _SEVERITIES.get(alert.labels.get("severity", "").strip().lower(), "warning")


def message_of(alert: Alert) -> str:
    """`firing warning NodeFilesystemFull on /var: the file system is almost full`."""
    name = "_".join(alert.labels.get("alertname", "").split()) or "unnamed"
    part = next((value for label in PARTS if (value := alert.labels.get(label, "").strip())), "-")
    notes = alert.annotations
    text = notes.get("summary") or notes.get("description") or notes.get("message") or _labels(alert)
    line = f"{alert.status} {severity_of(alert)} {name} on {'_'.join(part.split())}: {' '.join(text.split())}"
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 2] + " …"


def _labels(alert: Alert) -> str:
    hidden = {"alertname", "severity"}
    return ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()) if name not in hidden)
