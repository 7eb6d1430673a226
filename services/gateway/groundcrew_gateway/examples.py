"""One plausible example of each thing that the API shows, for its description."""

from typing import Any

from groundcrew.contracts.actions import Action
from groundcrew.contracts.incidents import Evidence, Incident
from groundcrew.contracts.queries import BmcSummary, HostSummary, LogLine, SelEntry, SensorReading, TriggerSummary

_INCIDENT = "5f0c4d2a9b7e4c1d8e3f6a7b8c9d0e1f"
_EVIDENCE = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_TIME = "2026-03-04T02:36:11Z"
_LINE = "nginx.service: Failed with result 'exit-code'."

_CAUSE = {
    "id": "software.service_failed",
    "component_class": "software",
    "component": "nginx.service",
    "confidence": 0.94,
    "why": "systemd reports the unit failed, and nothing below it is wrong",
}


def examples() -> dict[str, Any]:
    """By schema name; each is validated by its model, so an example cannot go stale unseen."""
    models = (
        Incident.model_validate(_incident()),
        Action.model_validate(_action()),
        Evidence.model_validate(
            {
                "id": _EVIDENCE,
                "source": "journal",
                "ref": "s=4f1c;i=2a71",
                "time": _TIME,
                "entity": "host:web-01",
                "text": _LINE,
            }
        ),
        HostSummary.model_validate(_host()),
        LogLine.model_validate(_log_line()),
        TriggerSummary.model_validate(_trigger()),
        BmcSummary.model_validate(_bmc()),
        SelEntry.model_validate(_sel_entry()),
        SensorReading.model_validate(_sensor()),
    )
    return {type(model).__name__: model.model_dump(mode="json") for model in models}


def _incident() -> dict[str, Any]:
    return {
        "id": _INCIDENT,
        "revision": 2,
        "state": "open",
        "severity": "critical",
        "title": "nginx.service on web-01 failed",
        "hosts": ["web-01"],
        "entity": "host:web-01",
        "opened_at": _TIME,
        "updated_at": _TIME,
        "last_seen": _TIME,
        "cause": _CAUSE,
        "evidence_count": 3,
        "trigger_count": 2,
        "rules": ["unit-failed"],
        "steps": ["read the unit's last lines: journalctl -u nginx.service", "restart it once its cause is mended"],
    }


def _action() -> dict[str, Any]:
    return {
        "id": "9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b",
        "revision": 1,
        "kind": "service.restart",
        "target": "host:web-01",
        "parameters": {"unit": "nginx.service"},
        "risk": "safe",
        "state": "queued",
        "reason": "nginx.service failed and nothing below it is wrong",
        "argv": ["systemctl", "restart", "nginx.service"],
        "expected_effect": "nginx.service is active again",
        "incident_id": _INCIDENT,
        "evidence_ids": [_EVIDENCE],
        "proposed_by": "review",
        "created_at": _TIME,
        "updated_at": _TIME,
        "expires_at": "2026-03-04T03:36:11Z",
    }


def _host() -> dict[str, Any]:
    return {
        "name": "web-01",
        "entity": "host:web-01",
        "health": 60,
        "health_reasons": ["-40 critical: nginx.service on web-01 failed"],
        "open_incidents": 1,
        "last_seen": _TIME,
        "facts": {"os": "Debian GNU/Linux 12", "kernel": "6.1.0-28-amd64"},
        "sources": [{"name": "journal", "state": "present", "detail": "follows the system journal", "since": _TIME}],
        "latest": {"load1": 0.42},
    }


def _log_line() -> dict[str, Any]:
    return {
        "id": _EVIDENCE,
        "time": _TIME,
        "entity": "host:web-01",
        "priority": 3,
        "identifier": "systemd",
        "unit": "nginx.service",
        "message": _LINE,
        "source": "journal",
        "position": "s=4f1c;i=2a71",
    }


def _trigger() -> dict[str, Any]:
    return {
        "id": "1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f",
        "time": _TIME,
        "entity": "host:web-01",
        "rule_id": "unit-failed",
        "severity": "critical",
        "title": "nginx.service failed",
        "component": "nginx.service",
        "count": 1,
        "incident_id": _INCIDENT,
    }


def _bmc() -> dict[str, Any]:
    return {
        "name": "brickbox-43-bmc",
        "entity": "bmc:brickbox-43-bmc",
        "host": "brickbox-43",
        "address": "10.20.0.43",
        "last_seen": _TIME,
        "facts": {"power": "on", "firmware": "9.08", "sel_entries": "212", "clock_offset_s": "0"},
        "sources": [{"name": "sel", "state": "present", "detail": "followed, every 30 s", "since": _TIME}],
    }


def _sel_entry() -> dict[str, Any]:
    return {
        "id": _EVIDENCE,
        "bmc": "brickbox-43-bmc",
        "record_id": 212,
        "time": _TIME,
        "source_time": "03/04/26 02:36:11 UTC",
        "sensor": "Power Supply PS2 Status",
        "event": "Power Supply AC lost",
        "asserted": True,
        "text": "Power Supply PS2 Status | Power Supply AC lost | Asserted",
    }


def _sensor() -> dict[str, Any]:
    return {
        "time": _TIME,
        "bmc": "brickbox-43-bmc",
        "sensor": "CPU1 Temp",
        "value": 62.0,
        "text": "",
        "unit": "degrees C",
        "status": "ok",
    }
