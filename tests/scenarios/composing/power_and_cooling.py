"""Power, fans, cooling and what the board watches: supplies, feeds, batteries, covers."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CISCO,
    CRITICAL,
    DELL,
    FUJITSU,
    GIGABYTE,
    HPE,
    INSPUR,
    INTEL,
    LENOVO,
    OPENBMC,
    SUPERMICRO,
    WARNING,
    Fleet,
    hosts,
)

NO_TOUCH = ["host.reboot", "host.power_cycle", "service.restart", "gpu.replace"]


def supply_dies_in_inspur() -> Fleet:
    f = Fleet("supply-dies-in-inspur", "One of two supplies fails; the feed is live, the host runs on",
              hosts("ai-41 ai-42 ai-43", vendor="Inspur", model="NF5280M6", sensors=INSPUR, rack="m1", switch="tor-m1"))  # fmt: skip
    bad = "ai-42"
    f.sel(bad, """
        -200d | Power Supply PSU1_Status | Presence detected | Asserted
        22 | Power Supply PSU1_Status | Failure detected | Asserted
        22.02 | Power Supply PSU_Redundant | Redundancy Lost | Asserted
    """, clock=-8)  # fmt: skip
    f.reading(bad, "PSU1_PIN", lambda m: (6.0, "ok") if m >= 22 else None)
    f.reading(bad, "PSU0_PIN", lambda m: (402.0, "ok") if m >= 22 else None)
    f.expect(bad, WARNING, "psu", ["PSU1_Status", "PSU1", "PSU 1"], "psu.failed", evidence=["Failure detected"],
             not_cause=["psu.input_lost", "psu.redundancy_lost", "pdu.failed"], actions=["ticket.create", "psu.replace"], never=NO_TOUCH,
             why="The supply reports its own failure, never the loss of its input; the neighbours on the same feed are well.")  # fmt: skip
    return f


def plug_pulled_in_lenovo() -> Fleet:
    f = Fleet("plug-pulled-in-lenovo", "One supply of one host loses its input while the rack keeps both feeds",
              hosts("web-51 web-52 web-53 web-54", vendor="Lenovo", model="ThinkSystem SR630 V2", sensors=LENOVO, rack="m2",
                    pdu=("pdu-m2-a", "pdu-m2-b"), switch="tor-m2", role="web"))  # fmt: skip
    bad = "web-53"
    f.sel(bad, """
        18 | Power Supply Power Supply 2 | Power Supply AC lost | Asserted
        18.02 | Power Supply Power Supply 2 | Failure detected | Asserted
        18.05 | Power Unit Power Unit | Redundancy Lost | Asserted
    """, dialect="half day", clock=4)  # fmt: skip
    f.expect(bad, WARNING, ["psu", "cable"], ["Power Supply 2", "PSU2", "PS2"], "psu.input_lost", evidence=["Power Supply AC lost"],
             not_cause=["psu.failed", "pdu.failed", "psu.redundancy_lost"], actions=["ticket.create"], never=["psu.replace", *NO_TOUCH],
             why="Only this host of four on the same two PDUs: a plug or cord, not the PDU, not the supply. It runs on the other.")  # fmt: skip
    return f


def twelve_volts_waver() -> Fleet:
    f = Fleet("twelve-volts-waver", "The 12 V rail of one host sags again and again below its limit and comes back",
              hosts("cmp-61 cmp-62 cmp-63", vendor="GIGABYTE", model="G292-Z20", sensors=GIGABYTE, rack="m3", switch="tor-m3", gpus=4),
              minutes=70)  # fmt: skip
    bad = "cmp-62"
    lows = {24: 11.2, 28: 11.1, 30: 11.3, 36: 10.9, 38: 10.8, 44: 11.0, 50: 10.7, 52: 10.8, 58: 10.6}
    f.reading(bad, "P_12V", lambda m: (lows[m], "cr" if lows[m] < 11 else "nc") if m in lows else None)
    rows = "".join(
        f"{m} | Voltage P_12V | Lower Non-critical going low  | Asserted | Reading {v} < Threshold 11.40 Volts\n"
        + (
            f"{m + 0.02} | Voltage P_12V | Lower Critical going low  | Asserted | Reading {v} < Threshold 11.00 Volts\n"
            if v < 11
            else ""
        )
        + f"{m + 1.4} | Voltage P_12V | Lower Non-critical going low  | Deasserted | Reading 12.02 > Threshold 11.40 Volts\n"
        for m, v in lows.items()
    )
    f.sel(bad, rows, clock=1)
    f.expect(bad, WARNING, ["psu", "motherboard"], ["P_12V", "12V"], "psu.voltage_unstable", evidence=["P_12V"],
             not_cause=["psu.input_lost", "gpu.fallen_off_bus", "cmos_battery.low"], actions=["ticket.create", "host.drain"],
             never=["gpu.replace", "host.power_cycle", "service.restart"],
             why="Nine excursions of one rail in 34 minutes, deeper each time; input and neighbours are fine; nothing crashed yet.")  # fmt: skip
    return f


def redundancy_lost_in_intel_board() -> Fleet:
    f = Fleet("redundancy-lost-in-intel-board", "Power redundancy is gone; no supply says why",
              hosts("st-71 st-72", vendor="Intel", model="S2600STB", sensors=INTEL, rack="m4", switch="tor-m4"))  # fmt: skip
    bad = "st-71"
    f.sel(bad, """
        27 | Power Unit Pwr Unit Redund | Redundancy Lost | Asserted
        27.01 | Power Unit Pwr Unit Redund | Non-Redundant: Sufficient from Redundant | Asserted
    """, dialect="short utc")  # fmt: skip
    f.expect(bad, WARNING, "psu", ["Pwr Unit Redund", "Power Unit", "PSU"], "psu.redundancy_lost", evidence=["Redundancy Lost"],
             not_cause=["psu.input_lost", "pdu.failed"], actions=["ticket.create"], never=NO_TOUCH,
             why="No record says which supply or why: all that is known is that redundancy is lost.")  # fmt: skip
    return f


def half_a_row_goes_dark() -> Fleet:
    one = {"vendor": "Quanta", "model": "D52B-1U", "sensors": OPENBMC, "rack": "n1", "switch": "tor-n1"}
    f = Fleet("half-a-row-goes-dark", "A PDU trips: the hosts that hang on it alone go dark and boot together when it is back",
              [*hosts("ocp-01 ocp-02 ocp-03 ocp-04 ocp-05", pdu=("pdu-n1-x",), **one), *hosts("ocp-06 ocp-07", pdu=("pdu-n1-y",), **one)],
              minutes=70)  # fmt: skip
    for number, bad in enumerate(("ocp-01", "ocp-02", "ocp-03", "ocp-04", "ocp-05")):
        f.down(bad, 20 + number * 0.01, 34 + number * 0.3)
        for sensor in OPENBMC:
            f.reading(bad, sensor, lambda m: (None, "gone") if 20 <= m < 33 else None)
        f.sel(bad, f"""
            20 | Power Unit #0x01 | AC lost | Asserted
            {32 + number * 0.1} | Power Unit #0x01 | Power off/down | Asserted
            {33 + number * 0.1} | System Boot Initiated #0xe1 | Initiated by power up | Asserted
            {34 + number * 0.3} | OS Boot #0x22 | C: boot completed | Asserted
        """, clock=number * 0.2)  # fmt: skip
        f.kernel(bad, 34 + number * 0.3, """
            <5>Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1
            <6>EXT4-fs (sda2): recovery complete
            <6>EXT4-fs (sda2): mounted filesystem with ordered data mode. Quota mode: none.
        """)  # fmt: skip
        f.log(
            bad,
            34.4 + number * 0.3,
            "systemd-journald",
            "File /var/log/journal/9a1f/system.journal corrupted or uncleanly shut down, renaming and replacing.",
            unit="systemd-journald.service",
            priority=4,
        )
    f.expect("ocp-01 ocp-02 ocp-03 ocp-04 ocp-05", CRITICAL, "pdu", ["pdu-n1-x"], "pdu.failed", evidence=["AC lost"],
             not_cause=["psu.failed", "psu.input_lost", "switch.failed", "kernel.panic"], actions=["ticket.create"],
             never=["psu.replace", "host.reboot", "host.power_cycle", "filesystem.repair", "host.reinstall"],
             why="The five that went dark are exactly those that hang on pdu-n1-x; the two on pdu-n1-y share rack and switch and run on.")  # fmt: skip
    return f


def fan_stops_in_cisco() -> Fleet:
    f = Fleet("fan-stops-in-cisco", "A chassis fan stops; the others make up for it",
              hosts("ucs-1 ucs-2 ucs-3", vendor="Cisco", model="UCSC-C240-M5SX", sensors=CISCO, rack="n2", switch="tor-n2"))  # fmt: skip
    bad = "ucs-2"
    f.reading(bad, "FAN3_TACH1", lambda m: (0.0, "nr") if m >= 26 else (2100.0, "cr") if m >= 24 else None)
    for other in ("FAN1_TACH1", "FAN2_TACH1"):
        f.reading(bad, other, lambda m: (11_900.0, "ok") if m >= 26 else None)
    f.sel(bad, """
        24 | Fan FAN3_TACH1 | Lower Critical going low  | Asserted | Reading 2100 < Threshold 2300 RPM
        25.5 | Fan FAN3_TACH1 | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 1800 RPM
    """, clock=-47)  # fmt: skip
    f.expect(bad, WARNING, "fan", ["FAN3_TACH1", "FAN3"], "fan.failed", evidence=["FAN3_TACH1"],
             not_cause=["fan.degraded", "cooling.ambient_high", "cooling.airflow", "cpu.thermal_trip"], actions=["ticket.create", "fan.replace"], never=NO_TOUCH,
             why="0 RPM while the others speed up. The BMC clock is 47 minutes slow.")  # fmt: skip
    return f


def fan_wears_out_in_asus() -> Fleet:
    f = Fleet("fan-wears-out-in-asus", "A fan turns slower and slower but still turns",
              hosts("as-1 as-2 as-3", vendor="ASUSTeK", model="RS720-E10", sensors=ASUS, rack="n3", switch="tor-n3"), minutes=100)  # fmt: skip
    bad = "as-3"
    f.reading(
        bad,
        "FRNT_FAN2",
        lambda m: None if m < 20 else (max(2_600.0, round(8_000 - (m - 20) * 110, -1)), "ok" if m < 58 else "nc"),
    )
    f.sel(bad, """
        58 | Fan FRNT_FAN2 | Lower Non-critical going low  | Asserted | Reading 3700 < Threshold 3800 RPM
    """)  # fmt: skip
    f.expect(bad, WARNING, "fan", ["FRNT_FAN2"], "fan.degraded", evidence=["FRNT_FAN2"], not_cause=["fan.failed", "cooling.airflow", "cooling.ambient_high"],
             actions=["ticket.create", "fan.replace"], never=NO_TOUCH, why="It falls for half an hour and stays at 2600 RPM: worn, not stopped.")  # fmt: skip
    return f


def room_gets_warm() -> Fleet:
    def row(names: str, rack: str) -> list:
        return hosts(
            names,
            vendor="Lenovo",
            model="ThinkSystem SD650",
            sensors=LENOVO,
            rack=rack,
            switch=f"tor-{rack}",
            pdu=(f"pdu-{rack}-a", f"pdu-{rack}-b"),
        )

    f = Fleet("room-gets-warm", "The air conditioning of a room fails: inlet temperatures of two racks climb together",
              [*row("w1-01 w1-02 w1-03", "w1"), *row("w2-01 w2-02 w2-03", "w2")], minutes=80)  # fmt: skip
    warm = ("w1-01", "w1-02", "w1-03", "w2-01", "w2-02", "w2-03")
    for number, name in enumerate(warm):
        begin = 15 + number * 0.7
        f.reading(
            name,
            "Ambient Temp",
            lambda m, b=begin: (
                None
                if m < b
                else (min(45.0, round(24 + (m - b) * 0.55)), "ok" if m < b + 27 else "nc" if m < b + 34 else "cr")
            ),
        )
        f.reading(
            name, "CPU 1 Temp", lambda m, b=begin: None if m < b else (min(84.0, round(51 + (m - b) * 0.6)), "ok")
        )
        f.reading(
            name, "Exhaust Temp", lambda m, b=begin: None if m < b else (min(62.0, round(37 + (m - b) * 0.55)), "ok")
        )
        for fan in ("Fan 1 Tach", "Fan 2 Tach", "Fan 3 Tach"):
            f.reading(name, fan, lambda m, b=begin: None if m < b + 10 else (15_400.0, "ok"))
        f.sel(name, f"""
            {begin + 27} | Temperature Ambient Temp | Upper Non-critical going high | Asserted | Reading 39 > Threshold 38 degrees C
            {begin + 34} | Temperature Ambient Temp | Upper Critical going high | Asserted | Reading 43 > Threshold 42 degrees C
        """, clock=(-6, 0, 11, 0, -2, 25)[number])  # fmt: skip
    f.kernel("w2-02", 55, "<2>mce: CPU8: Package temperature above threshold, cpu clock throttled (total events = 12)")
    f.expect(" ".join(warm), CRITICAL, "cooling", ["Ambient Temp", "w1", "w2", "rack w1", "rack w2", "room", "w1, w2", "Inlet"], "cooling.ambient_high",
             evidence=["Ambient Temp"], not_cause=["cpu.thermal_trip", "fan.failed", "fan.degraded", "cooling.airflow"], actions=["ticket.create"],
             never=["host.reboot", "host.power_cycle", "fan.replace", "cpu.replace"], why="Two racks on different PDUs and switches warm alike: the room.")  # fmt: skip
    return f


def filters_clogged() -> Fleet:
    f = Fleet("filters-clogged", "One host heats up with all fans at full speed and a cool inlet: no air gets through",
              hosts("dl-1 dl-2 dl-3", vendor="Dell", model="PowerEdge R740", sensors=DELL, rack="w4", switch="tor-w4"), minutes=90)  # fmt: skip
    bad = "dl-2"
    f.reading(
        bad,
        "Exhaust Temp",
        lambda m: (
            None if m < 15 else (min(72.0, round(38 + (m - 15) * 0.7)), "ok" if m < 62 else "nc" if m < 68 else "cr")
        ),
    )
    f.reading(
        bad, "Temp", lambda m: None if m < 15 else (min(93.0, round(52 + (m - 15) * 0.8)), "ok" if m < 66 else "nc")
    )
    for fan in ("Fan1A", "Fan2A", "Fan3A"):
        f.reading(bad, fan, lambda m: None if m < 20 else (min(17_600.0, 7_500 + (m - 20) * 500), "ok"))
    f.sel(bad, """
        62 | Temperature Exhaust Temp | Upper Non-critical going high | Asserted | Reading 71 > Threshold 70 degrees C
        66 | Temperature Temp | Upper Non-critical going high | Asserted | Reading 93 > Threshold 92 degrees C
        68 | Temperature Exhaust Temp | Upper Critical going high | Asserted | Reading 75 > Threshold 75 degrees C
    """)  # fmt: skip
    f.expect(bad, WARNING, "cooling", ["Exhaust Temp", "Temp", "airflow", "chassis", bad], "cooling.airflow", evidence=["Exhaust Temp"],
             not_cause=["cooling.ambient_high", "fan.failed", "fan.degraded", "cpu.thermal_trip"], actions=["ticket.create"],
             never=["fan.replace", "cpu.replace", *NO_TOUCH], why="Inlet 23 C as everywhere, all fans at maximum, exhaust and processors hot.")  # fmt: skip
    return f


def battery_of_the_board() -> Fleet:
    f = Fleet("battery-of-the-board", "The clock battery of a Fujitsu board is empty",
              hosts("rx-1 rx-2", vendor="Fujitsu", model="PRIMERGY RX2530 M4", sensors=FUJITSU, rack="x1", switch="tor-x1"))  # fmt: skip
    bad = "rx-2"
    f.reading(bad, "BATT 3.0V", lambda m: (round(2.19 - m * 0.003, 2), "nc" if m < 30 else "cr"))
    f.sel(bad, """
        -3d | Voltage BATT 3.0V | Lower Non-critical going low  | Asserted | Reading 2.24 < Threshold 2.25 Volts
        30 | Voltage BATT 3.0V | Lower Critical going low  | Asserted | Reading 2.10 < Threshold 2.12 Volts
        30.01 | Battery #0x1d | Low | Asserted
    """, dialect="central european")  # fmt: skip
    f.expect(bad, WARNING, "cmos_battery", ["BATT 3.0V", "Battery", "#0x1d", "Battery #0x1d"], "cmos_battery.low", evidence=["BATT 3.0V"],
             not_cause=["psu.voltage_unstable", "time.skew"], actions=["ticket.create"], never=["motherboard.replace", "psu.replace", *NO_TOUCH])  # fmt: skip
    return f


def cover_opened() -> Fleet:
    f = Fleet("cover-opened", "The cover of a running server is opened, with no maintenance announced",
              hosts("edge-a edge-b", vendor="Supermicro", model="SYS-5019D", sensors=SUPERMICRO, rack="x2", switch="tor-x2", role="edge"))  # fmt: skip
    f.sel("edge-b", """
        29 | Physical Security Chassis Intru | General Chassis intrusion | Asserted
    """, clock=33)  # fmt: skip
    f.expect("edge-b", WARNING, "chassis", ["Chassis Intru", "chassis"], "chassis.intrusion", evidence=["General Chassis intrusion"],
             not_cause=["security.bruteforce"], actions=["ticket.create"], never=NO_TOUCH)  # fmt: skip
    return f


def both_supplies_of_one_host() -> Fleet:
    f = Fleet("host-loses-all-power", "One HPE host loses both inputs, goes dark, and boots when the cords are back",
              hosts("dl380-1 dl380-2 dl380-3", vendor="HPE", model="ProLiant DL380 Gen11", sensors=HPE, rack="x3",
                    pdu=("pdu-x3-1", "pdu-x3-2"), switch="tor-x3"), minutes=70)  # fmt: skip
    bad = "dl380-2"
    f.down(bad, 22, 40)
    for sensor in HPE:
        f.reading(bad, sensor, lambda m: (None, "gone") if 22 <= m < 38 else None)
    f.sel(bad, """
        21.4 | Power Supply Power Supply 1 | Power Supply AC lost | Asserted
        21.42 | Power Supply Power Supplies | Redundancy Lost | Asserted
        = Pre-Init  |0000000007| Power Supply Power Supply 2 | Presence detected | Asserted
        38 | Power Supply Power Supply 1 | Power Supply AC lost | Deasserted
        38.3 | System ACPI Power State ACPI Power State | S0/G0: working | Asserted
        40 | OS Boot #0x22 | C: boot completed | Asserted
    """)  # fmt: skip
    f.kernel(bad, 40, """
        <5>Linux version 5.14.21-150500.55.44-default (geeko@buildhost) (gcc (SUSE Linux) 7.5.0) #1 SMP PREEMPT_DYNAMIC
        <5>XFS (sda3): Starting recovery (logdev: internal)
        <5>XFS (sda3): Ending recovery (logdev: internal)
        <4>NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.161.08
    """)  # fmt: skip
    f.expect(bad, CRITICAL, ["psu", "cable"], ["Power Supply 1", "PSU1", "Power Supplies", "Power Supply 2", "power input"], "psu.input_lost",
             evidence=["Power Supply AC lost"], not_cause=["kernel.panic", "psu.failed", "pdu.failed", "filesystem.corruption"],
             actions=["ticket.create"], never=["psu.replace", "filesystem.repair", "host.reinstall", "host.power_cycle"],
             why="The host was down for 18 minutes; its neighbours on both PDUs noticed nothing. XFS recovery is what follows power loss.")  # fmt: skip
    return f


ALL = (
    supply_dies_in_inspur,
    plug_pulled_in_lenovo,
    twelve_volts_waver,
    redundancy_lost_in_intel_board,
    half_a_row_goes_dark,
    fan_stops_in_cisco,
    fan_wears_out_in_asus,
    room_gets_warm,
    filters_clogged,
    battery_of_the_board,
    cover_opened,
    both_supplies_of_one_host,
)
