"""Event logs of several makers, written after the print code of ipmitool and freeipmi, with what a person sees in them.

Names of sensors are as those makers choose them; machines, times and values are invented.
"""

from dataclasses import dataclass, field

Fault = tuple[str, str, str]
"""Component class, locator, fault."""


@dataclass(frozen=True)
class Log:
    name: str
    text: str
    active: set[Fault] = field(default_factory=set)
    recovered: set[Fault] = field(default_factory=set)
    noise: int = 0


DELL = Log(
    "Dell iDRAC, ipmitool sel elist",
    """\
   1 | 01/02/2024 | 08:00:01 | Event Logging Disabled SEL | Log area reset/cleared () | Asserted
   2 | 01/05/2024 | 10:00:01 | Power Supply PS 2 Status | Power Supply AC lost () | Asserted
   3 | 01/05/2024 | 10:00:01 | Power Supply PS Redundancy | Redundancy Lost () | Asserted
   4 | 01/05/2024 | 10:05:01 | Power Supply PS 2 Status | Power Supply AC lost () | Deasserted
   5 | 01/05/2024 | 10:05:02 | Power Supply PS Redundancy | Fully Redundant () | Asserted
   6 | 02/05/2024 | 10:05:02 | Drive Slot / Bay Drive 3 | Drive Fault () | Asserted
   7 | 02/06/2024 | 10:05:02 | Drive Slot / Bay Drive 3 | Drive Present () | Deasserted
   8 | 02/06/2024 | 10:07:02 | Drive Slot / Bay Drive 3 | Drive Present () | Asserted
   9 | 03/06/2024 | 10:07:02 | Memory ECC Corr Err | Correctable ECC (DIMM_B2) | Asserted
   a | 03/07/2024 | 10:07:02 | Memory ECC Uncorr Err | Uncorrectable ECC (UnCorrectable ECC |  DIMMB2) | Asserted
   b | 03/07/2024 | 10:07:05 | Critical Interrupt PCIE Fatal Err | Bus Fatal Error (PCIe Error |Slot 4) | Asserted
   c | 03/07/2024 | 10:09:05 | Battery ROMB Battery | Low () | Asserted
   d | 03/07/2024 | 10:10:05 | Battery ROMB Battery | Low () | Deasserted
   e | 03/08/2024 | 10:10:05 | Cable / Interconnect Cable SAS A | Config Error () | Asserted
   f | 03/08/2024 | 10:10:06 | Physical Security Intrusion | General Chassis intrusion () | Asserted
  10 | 03/08/2024 | 10:12:06 | Physical Security Intrusion | General Chassis intrusion () | Deasserted
  11 | 03/09/2024 | 11:12:06 | Processor #0x60 | IERR (CPU Internal Err | CPU 2 | APIC ID 32 ) | Asserted
  12 | 03/09/2024 | 11:13:06 | Memory Mem ECC Warning | Transition to Critical from less severe () | Asserted
  13 | 03/11/2024 | 12:12:06 | Unknown #0x2e |  | Asserted
""",
    active={
        ("dimm", "DIMMB2", "dimm.uncorrectable"),
        ("pcie", "Slot 4", "pcie.aer_uncorrectable"),
        ("cable", "Cable SAS A", "cable.misconnected"),
        ("cpu", "CPU 2", "cpu.ierr"),
        ("dimm", "Mem ECC Warning", "dimm.correctable_storm"),
    },
    recovered={
        ("psu", "PS 2", "psu.input_lost"),
        ("psu", "PS Redundancy", "psu.redundancy_lost"),
        ("disk", "Drive 3", "disk.failed"),
        ("disk", "Drive 3", "disk.removed"),
        ("raid", "ROMB Battery", "raid.cache_unprotected"),
        ("chassis", "Intrusion", "chassis.intrusion"),
    },
    noise=3,
)

INTEL = Log(
    "Intel server board, ipmitool sel elist of an old version",
    """\
   1 | 06/03/2023 | 17:38:05 | Event Logging Disabled System Event Log | Log area reset/cleared | Asserted
   2 | 06/03/2023 | 17:38:06 | Fan #0x0c | Fully Redundant | Deasserted
   3 | 06/03/2023 | 17:38:06 | Fan #0x0c | Redundancy Lost | Asserted
   4 | 06/03/2023 | 17:38:06 | Fan #0x0c | Non-Redundant: Insufficient Resources | Asserted
   5 | 06/03/2023 | 17:38:08 | Fan #0x0c | Redundancy Lost | Deasserted
   6 | 06/03/2023 | 17:38:08 | Fan #0x0c | Non-Redundant: Insufficient Resources | Deasserted
   7 | 06/03/2023 | 17:38:30 | Management Subsystem Health BMC FW Health | Sensor failure | Asserted
   8 | 06/03/2023 | 17:39:24 | Version Change FW Update Status |  | Asserted
   9 | 06/03/2023 | 17:39:32 | Unknown SPS FW Health |  | Asserted
   a | 06/03/2023 | 17:46:18 | Power Unit Pwr Unit Status | Power off/down | Asserted
   b | 06/03/2023 | 17:46:34 | System Event BIOS Evt Sensor | Timestamp Clock Sync | Asserted
   c | 06/03/2023 | 17:47:03 | System Event BIOS Evt Sensor | OEM System boot event | Asserted
   d | 06/03/2023 | 17:47:04 | Critical Interrupt PCIe Cor Sensor |  | Asserted
   e | 06/03/2023 | 17:47:05 | Physical Security Physical Scrty | System unplugged from LAN | Asserted
   f | 06/03/2023 | 17:47:06 | Button Button | Power Button pressed | Asserted
  10 | 06/03/2023 | 17:47:07 | OS Stop/Shutdown | OS graceful shutdown | Asserted
  11 | 06/03/2023 | 17:47:07 | OEM record dd | 000137 | 000000000000
  12 | 06/04/2023 | 10:00:00 | Power Unit Pwr Unit Status | Failure detected | Asserted
  13 | 06/04/2023 | 10:00:00 | Power Supply PS1 Status | Predictive failure | Asserted
  14 | 06/04/2023 | 10:00:09 | Power Unit Pwr Unit Status | Failure detected | Deasserted
  15 | 06/05/2023 | 10:00:00 | Fan Fan 3 Present | Device Absent | Asserted
  16 | 06/05/2023 | 10:00:00 | Processor CATERR | State Asserted | Asserted
  17 | 06/05/2023 | 10:00:02 | Critical Interrupt PCIe Fat Sensor |  | Asserted
""",
    active={
        ("psu", "PS1", "psu.failed"),
        ("fan", "Fan 3", "fan.removed"),
        ("cpu", "CATERR", "cpu.ierr"),
        ("pcie", "PCIe Fat Sensor", "pcie.aer_uncorrectable"),
    },
    recovered={("fan", "Fan #0x0c", "fan.redundancy_lost"), ("psu", "Pwr Unit", "psu.failed")},
    noise=13,
)

FUJITSU = Log(
    "Fujitsu iRMC, ipmi-sel --interpret-oem-data",
    """\
ID | Date        | Time     | Name          | Type         | Event
1  | Mar-02-2025 | 04:10:00 | PSU1          | OEM Reserved | Power supply - OK
2  | Mar-02-2025 | 04:11:00 | PSU2          | OEM Reserved | Redundant power supply - AC failed
3  | Mar-02-2025 | 04:12:00 | FAN3 SYS      | OEM Reserved | FAN failed
4  | Mar-02-2025 | 04:20:00 | FAN3 SYS      | OEM Reserved | FAN on, running
5  | Mar-02-2025 | 05:12:00 | Memory        | OEM Reserved | Too many correctable memory errors
6  | Mar-02-2025 | 05:13:00 | iRMC          | OEM Reserved | iRMC TFTP Flash: OK
7  | Mar-02-2025 | 05:14:00 | ACPI          | System ACPI Power State | S0/G0
""",
    active={("psu", "PSU2", "psu.input_lost"), ("dimm", "Memory", "dimm.correctable_storm")},
    recovered={("fan", "FAN3 SYS", "fan.failed")},
    noise=3,
)

HUAWEI = Log(
    "Huawei iBMC, ipmitool sel list -c",
    """\
1,05/01/2024,09:00:00,System ACPI Power State ACPI State,S0/G0: working,Asserted
2,05/01/2024,09:10:00,Drive Slot / Bay DISK2,Drive Present,Deasserted
3,05/01/2024,09:10:05,Drive Slot / Bay DISK2,In Failed Array,Asserted
4,05/01/2024,09:20:00,Power Supply PS1 Status,"AC out-of-range, but present",Asserted
5,05/01/2024,09:30:00,Memory DIMM020,Configuration Error,Asserted
6,05/01/2024,09:40:00,Chassis Sys Health,Transition to Critical from less severe,Asserted
7,05/01/2024,09:50:00,Chassis Sys Health,Transition to Critical from less severe,Deasserted
""".replace('"', ""),
    active={
        ("disk", "DISK2", "disk.removed"),
        ("disk", "DISK2", "disk.failed"),
        ("psu", "PS1", "psu.input_lost"),
        ("dimm", "DIMM020", "dimm.misconfigured"),
    },
    recovered={("motherboard", "Sys Health", "motherboard.hardware_fault")},
    noise=1,
)

LENOVO = Log(
    "Lenovo XCC, ipmitool sel elist with zone and two-digit year",
    """\
 2f1 | 11/02/25 | 14:00:00 CET | Power Supply PSU 2 Failure | Failure detected | Asserted
 2f2 | 11/02/25 | 14:00:01 CET | Power Unit Power Resource | Redundancy Lost | Asserted
 2f3 | 11/02/25 | 14:00:02 CET | Power Unit Power Resource | Non-Redundant: Insufficient Resources | Asserted
 2f4 | 11/02/25 | 14:30:00 CET | Power Unit Power Resource | Redundancy Lost | Deasserted
 2f5 | 11/02/25 | 15:00:00 CET | Processor CPU 2 PROCHOT | State Asserted | Asserted
 2f6 | 11/02/25 | 15:00:04 CET | Processor CPU 2 PROCHOT | State Deasserted | Asserted
 2f7 | 11/02/25 | 16:00:00 CET | Slot / Connector PCIe 3 | Fault Status | Asserted
 2f8 | 11/02/25 | 16:00:01 CET | Temperature Ambient Temp | Upper Critical going high | Asserted | Reading 44 > Threshold 43 degrees C
 2f9 | 11/02/25 | 16:30:01 CET | Temperature Ambient Temp | Upper Critical going high | Deasserted | Reading 40 < Threshold 43 degrees C
 2fa | 11/02/25 | 16:31:01 CET | System Boot Initiated Host Power | Initiated by power up | Asserted
""",  # noqa: E501
    active={("psu", "PSU 2", "psu.failed"), ("pcie", "PCIe 3", "pcie.slot_fault")},
    recovered={
        ("psu", "Power Resource", "psu.redundancy_lost"),
        ("cpu", "CPU 2", "cpu.throttled"),
        ("cooling", "Ambient Temp", "cooling.ambient_high"),
    },
    noise=1,
)

CISCO = Log(
    "Cisco UCS, show sel",
    """\
         1 | 01/01/2024 01:23:27 | System Event 0x83 | Timestamp clock synch | Asserted
         2 | 01/01/2024 01:23:28 | Platform alert LED_HLTH_STATUS | LED color is amber | Asserted
         3 | 01/01/2024 01:23:29 | Entity presence HDD1_PRS | Device Absent | Asserted
         4 | 01/02/2024 01:23:29 | Memory DDR4_P1_A1_ECC | Upper Critical going high | Asserted
         5 | 01/02/2024 02:23:29 | Power Supply PSU1_STATUS | Presence detected | Deasserted
         6 | 01/02/2024 02:40:29 | Power Supply PSU1_STATUS | Presence detected | Asserted
         7 | 01/03/2024 02:40:29 | Drive slot(Bay) HDD_02_STATUS | Transition to Degraded | Asserted
""",
    active={("dimm", "DDR4_P1_A1_ECC", "dimm.correctable_storm"), ("disk", "HDD_02", "disk.failed")},
    recovered={("psu", "PSU1", "psu.removed")},
    noise=3,
)

SUN = Log(
    "Oracle ILOM, ipmitool sel list",
    """\
0100 | 02/03/2024 | 03:00:00 | Entity Presence PS1/PRSNT | Device Absent | Asserted
0200 | 02/03/2024 | 03:01:00 | Entity Presence PS1/PRSNT | Device Present | Asserted
0300 | 02/03/2024 | 04:00:00 | Voltage PS0/VINOK | State Deasserted | Asserted
0400 | 02/03/2024 | 04:30:00 | Voltage PS0/VINOK | State Asserted | Asserted
0500 | 02/03/2024 | 05:00:00 | Fan FM0/F1/TACH | Lower Non-recoverable going low  | Asserted
0600 | 02/03/2024 | 05:00:00 | Memory P0/D2 | Uncorrectable ECC | Asserted
0700 | 02/03/2024 | 05:10:00 | System Firmware Progress #0x05 | Memory initialization | Asserted
""",
    active={("fan", "FM0/F1/TACH", "fan.failed"), ("dimm", "P0/D2", "dimm.uncorrectable")},
    recovered={("psu", "PS1", "psu.removed"), ("psu", "PS0/VINOK", "psu.input_lost")},
    noise=1,
)

QUANTA = Log(
    "Quanta and ASRock Rack boards, ipmitool sel list with Pre-Init",
    """\
   1 |  Pre-Init  |0000000012| Physical Security ChassisIntr | General Chassis intrusion | Asserted
   2 |  Pre-Init  |0000000020| Physical Security ChassisIntr | General Chassis intrusion | Deasserted
   3 |  Pre-Init  |0000000031| Processor CPU_PROCHOT | Limit Exceeded | Asserted
   4 | 07/01/2024 | 10:00:00 | Processor CPU_PROCHOT | Limit Not Exceeded | Asserted
   5 | 07/01/2024 | 10:01:00 | Memory #0x88 | Uncorrectable ECC (CPU0_G1) | Asserted
   6 | 07/01/2024 | 10:01:01 | Critical Interrupt #0xa1 | Bus Correctable error (Bus Correctable:B2D0F0) | Asserted
   7 | 07/01/2024 | 10:02:00 | Watchdog2 #0xca | Hard reset | Asserted
   8 | 07/01/2024 | 10:03:00 | Boot Error #0x1e | PXE server not found | Asserted
   9 | 07/01/2024 | 10:04:00 | Session Audit #0xff | Session Activated | Asserted
""",
    active={("dimm", "CPU0_G1", "dimm.uncorrectable"), ("kernel", "kernel", "kernel.deadlock")},
    recovered={("chassis", "ChassisIntr", "chassis.intrusion"), ("cpu", "CPU_PROCHOT", "cpu.throttled")},
    noise=3,
)

INSPUR = Log(
    "Inspur board, ipmitool sel elist -v",
    """\
SEL Record ID          : 0001
 Record Type           : 02
 Timestamp             : 03/20/2024 00:58:40
 Generator ID          : 0092
 Sensor Type           : System Firmware Error
 Sensor Number         : 11
 Event Type            : Sensor-specific Discrete
 Event Direction       : Assertion Event
 Event Data            : a00221
 Description           : No usable system memory

SEL Record ID          : 0002
 Record Type           : Linux kernel panic (OEM record f0)
 Panic string          : Fatal excep

SEL Record ID          : 0003
 Record Type           : c0  (OEM timestamped)
 Timestamp             : 03/20/2024 01:00:00
 Manufactacturer ID    : 0037bd
 OEM Defined           : 3a1100ffffff [:.....]

SEL Record ID          : 0004
 Record Type           : 02
 Timestamp             : 03/20/2024 01:58:40
 Sensor Type           : Fan
 Sensor Number         : 46
 Event Direction       : Deassertion Event
 Description           : Lower Critical going low
 Sensor ID              : FAN2_F_Speed (0x46)
""",
    active={
        ("motherboard", "System Firmware Error #0x11", "motherboard.firmware_fault"),
        ("kernel", "kernel", "kernel.panic"),
    },
    noise=2,
)

PSU_SWAP = Log(
    "freeipmi, a state column that says Nominal beside a failure, and comma form",
    """\
ID,Date,Time,Name,Type,State,Event Direction,Event
1,Jul-20-2023,10:29:49,PS2 Status,Power Supply,Nominal,Assertion Event,Power Supply Failure detected
2,Jul-20-2023,10:29:50,PS1 Status,Power Supply,Critical,Deassertion Event,Power Supply Failure detected
3,Jul-20-2023,10:31:50,PS1 Status,Power Supply,Nominal,Assertion Event,Power Supply input out-of-range, but present
4,PostInit,PostInit,Sensor #0,OS Boot,Nominal,Assertion Event,C: boot completed
""",
    active={("psu", "PS2", "psu.failed"), ("psu", "PS1", "psu.input_lost")},
    noise=2,
)

LOGS = [DELL, INTEL, FUJITSU, HUAWEI, LENOVO, CISCO, SUN, QUANTA, INSPUR, PSU_SWAP]
