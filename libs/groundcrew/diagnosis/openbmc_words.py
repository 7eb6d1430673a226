"""Words of Meta's OpenBMC for the states of a sled, in those of the tables of IPMI 2.0 (42-1 to 42-3). Pure.

Sources: facebook/openbmc, meta-fby35 pal.c (pal_parse_sys_sts_event, pal_parse_pmic_err_event, pal_parse_mce_error_sel,
pal_parse_slot_present_event) and its library's names of PMIC errors; OpenBIC's plat_isr.c for the sensors.
"""

import re

_SYSTEM = (
    (re.compile(r"(?:SOC|CPU/Memory) thermal trip"), "Processor {sled} SOC", "Thermal Trip"),
    (re.compile(r"PCH thermal trip"), "Temperature {sled} PCH", "Upper Non-recoverable going high"),
    (re.compile(r"(?P<name>SYS|FM|HSC|MB)_Throttle throttle"), "Processor {sled} {name}_Throttle", "Throttled"),
    (re.compile(r"PROCHOT#?"), "Processor {sled} PROCHOT", "State Asserted"),
    (re.compile(r"(?P<name>SOC|DIMM)?[_ ]?MEMHOT#?"), "Processor {sled} MEMHOT", "State Asserted"),
    (re.compile(r"HSC_OC warning"), "Current {sled} HSC_OC", "Upper Critical going high"),
    (re.compile(r"HSC fault|E1S 1OU HSC power alert"), "Power Unit {sled} HSC", "Failure detected"),
    (re.compile(r"SYS_UV"), "Voltage {sled} SYS_UV", "Lower Critical going low"),
    (re.compile(r"VCCIO over voltage fault"), "Voltage {sled} VCCIO", "Upper Critical going high"),
    (re.compile(r"S0 power on failure"), "Power Unit {sled}", "Soft-power control failure"),
    (re.compile(r"VR Watchdog timeout"), "Module / Board {sled} VR fault", "State Asserted"),
    (
        re.compile(r"(?P<name>.*?\b(?:P12V|P3V3|VCCIO|P12V Edge|P12V EDGE|P12V MAIN|2OU VR|Power Good)) fault"),
        "Module / Board {sled} {name} fault",
        "State Asserted",
    ),
    (
        re.compile(r"(?P<name>E1S .*?(?:INA230|INA233)) (?:power )?alert"),
        "Module / Board {sled} {name} fault",
        "State Asserted",
    ),
    (re.compile(r"2OU PESW error"), "Module / Board {sled} 2OU PESW error", "State Asserted"),
    (re.compile(r"(?P<name>\w+) status: 0x[0-9a-fA-F]+"), "Module / Board {sled} VR {name} fault", "State Asserted"),
    (re.compile(r"Abnormal - .*|Slot\d cable is not connected.*"), "Cable / Interconnect {sled}", "Config Error"),
    (
        re.compile(r"Uncorrected \w+(?: \w+)? Error, Bank Number \d+.*"),
        "Processor {sled} MCE",
        "Uncorrectable machine check exception",
    ),
    (
        re.compile(r"(?:Correctable|Deferred) Error, Bank Number \d+.*"),
        "Processor {sled} MCE",
        "Correctable machine check error",
    ),
)
_ECC = re.compile(
    r"(?P<un>Unc|C)orrectable(?P<limit> ECC error Logging Limit Reached)?,? DIMM (?P<slot>[A-Z]\d{1,2})\b.*"
)
_FATAL = re.compile(
    r"(?:Bus (?:Fatal|Uncorrectable) [Ee]rror|Fatal NMI) ?"
    r"\(Bus (?P<bus>\w\w) / Dev (?P<device>\w\w) / Fun (?P<function>\w\w)\)"
)
_PMIC = re.compile(r"DIMM (?P<slot>[A-Z]\d{1,2}) (?P<said>\S.*)")
_HOT = re.compile(r"high temp|critical temp", re.IGNORECASE)
_MILD = re.compile(r"warning|switchover|current limit", re.IGNORECASE)


def in_ipmi_words(sled: str, sensor: str, said: str) -> tuple[str, str] | None:
    """Sensor and event; None where the words are of another kind."""
    if sensor == "PMIC_ERR" and (pmic := _PMIC.fullmatch(said)):
        return f"Memory {sled} DIMM {pmic['slot']}", _of_pmic(pmic["said"])
    if sensor == "MEMORY_ECC_ERR" and (ecc := _ECC.fullmatch(said)):
        kind = "Uncorrectable ECC" if ecc["un"] == "Unc" else "Correctable ECC"
        return f"Memory {sled} DIMM {ecc['slot']}", f"{kind} logging limit reached" if ecc["limit"] else kind
    if sensor == "PCIE_ERR" and (bus := _FATAL.fullmatch(said)):
        place = f"PCI bus:{bus['bus'].lower()} device:{bus['device'].lower()} function:{int(bus['function'], 16) & 7:x}"
        return f"Critical Interrupt {sled} PCIe", f"Bus Fatal Error ({place})"
    for words, place, event in _SYSTEM:
        if found := words.fullmatch(said):
            return place.format(sled=sled, name=found.groupdict().get("name") or ""), event
    return None


def _of_pmic(said: str) -> str:
    """A module's own power supply: heat is the module's, a rail out of its limits takes the module down."""
    if _HOT.search(said):
        return "Critical Overtemperature"
    return f"PMIC {said}" if _MILD.search(said) else f"Memory Device Disabled (PMIC {said})"
