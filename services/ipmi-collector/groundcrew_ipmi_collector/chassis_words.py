"""What a BMC's chassis and makers' numbers mean, in the words that ipmitool prints.

Sources: IPMI 2.0 rev 1.1, tables 28-3 (chassis status) and 28-11 (restart cause); IANA's Private Enterprise Numbers.
"""

_POLICIES = ("always-off", "previous", "always-on", "unknown")
_POWER_EVENTS = ("ac-failed", "overload", "interlock", "fault", "command")
_POWER_FAULTS = {1: "power overload", 3: "main power fault", 4: "power control fault"}
_OTHER_FAULTS = {2: "drive fault", 3: "cooling/fan fault"}
_RESTARTS = (
    "unknown", "chassis power control command", "reset via pushbutton", "power-up via pushbutton", "watchdog expired",
    "OEM", "power-up due to always-restore power policy", "power-up due to restore-previous power policy",
    "reset via PEF", "power-cycle via PEF", "soft reset", "power-up via RTC wakeup",
)  # fmt: skip
_MAKERS = {
    2: "IBM", 11: "Hewlett-Packard", 42: "Sun Microsystems", 343: "Intel Corporation", 674: "Dell Inc.",
    2011: "Huawei", 2623: "ASUSTek Computer Inc.", 5703: "NVIDIA Corporation", 6653: "Tyan Computer Corporation",
    7244: "Quanta Computer Inc.", 10297: "Advantech", 10368: "Fujitsu", 10876: "Super Micro Computer Inc.",
    11183: "Mitac International Corp.", 15000: "Kontron", 19046: "Lenovo", 20569: "Inventec",
    20974: "American Megatrends", 24339: "ADLINK", 33049: "Mellanox Technologies", 40092: "Wiwynn Corporation",
    42817: "IBM Platform Firmware Division", 47196: "Hewlett Packard Enterprise", 47488: "Super Micro Computer Inc.",
    49622: "ASRock Rack", 49769: "YADRO", 52538: "Ampere Computing",
}  # fmt: skip
"""Makers of servers; 47488 is registered to another, but some of Supermicro's BMCs bear it."""


def maker_name(number: int) -> str:
    return _MAKERS.get(number, f"IANA {number}" if number else "")


def restart_words(cause: int) -> str:
    return _RESTARTS[cause] if cause < len(_RESTARTS) else ""


def chassis_facts(status: bytes) -> dict[str, str]:
    """`status`: the first three bytes that Get Chassis Status answers."""
    state, event, other = status[0], status[1], status[2]
    faults = [name for bit, name in _POWER_FAULTS.items() if state >> bit & 1]
    faults += [name for bit, name in _OTHER_FAULTS.items() if other >> bit & 1]
    return {
        "power": "on" if state & 1 else "off",
        "power_policy": _POLICIES[state >> 5 & 3],
        "last_power_event": " ".join(name for bit, name in enumerate(_POWER_EVENTS) if event >> bit & 1),
        "intrusion": "active" if other & 1 else "inactive",
        "faults": ", ".join(faults) or "none",
    }
