"""smartctl's JSON of invented drives; the keys are those of its sources."""

import json
from typing import Any


def printed(document: dict[str, Any], *, code: int = 0, messages: tuple[str, ...] = ()) -> bytes:
    told = [{"string": message, "severity": "error"} for message in messages]
    head = {"smartctl": {"version": [7, 3], "exit_status": code, "messages": told}}
    return json.dumps(head | document).encode()


def attribute(number: int, raw: int, string: str = "", *, failed: str = "", prefailure: bool = False) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Attribute_{number}",
        "value": 100,
        "worst": 100,
        "thresh": 10,
        "when_failed": failed,
        "flags": {"prefailure": prefailure},
        "raw": {"value": raw, "string": string or str(raw)},
    }


def disk(*attributes: dict[str, Any], passed: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
        "model_name": "EXAMPLE HD4000",
        "serial_number": "X0000001",
        "smart_status": {"passed": passed},
        "power_on_time": {"hours": 21_000},
        "temperature": {"current": 36, "op_limit_max": 60},
        "ata_smart_attributes": {"table": list(attributes)},
    } | more


def nvme(**log: Any) -> dict[str, Any]:
    usual = {
        "critical_warning": 0,
        "temperature": 41,
        "available_spare": 100,
        "available_spare_threshold": 10,
        "percentage_used": 3,
        "media_errors": 0,
        "unsafe_shutdowns": 7,
        "num_err_log_entries": 12,
    }
    return {
        "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
        "model_name": "EXAMPLE NV1600",
        "smart_status": {"passed": log.get("critical_warning", 0) == 0},
        "temperature": {"current": 41},
        "nvme_composite_temperature_threshold": {"warning": 77, "critical": 82},
        "nvme_smart_health_information_log": usual | log,
    }


def sas(**more: Any) -> dict[str, Any]:
    return {
        "device": {"name": "/dev/bus/0", "type": "megaraid,3", "protocol": "SCSI"},
        "scsi_model_name": "EXAMPLE SAS600",
        "smart_status": {"passed": True},
        "temperature": {"current": 33, "drive_trip": 65},
        "scsi_grown_defect_list": 4,
        "scsi_error_counter_log": {
            "read": {"total_uncorrected_errors": 2},
            "write": {"total_uncorrected_errors": 0},
        },
    } | more
