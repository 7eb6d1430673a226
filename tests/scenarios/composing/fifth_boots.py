"""How the hosts of the fifth batch start: whole boot logs with the warnings that healthy machines print.

The texts follow the format strings of kernels and daemons; machines, addresses and numbers are made up.
"""

from tests.scenarios.composing.fleet import Fleet

ROCKY_8 = """
    <5>Linux version 4.18.0-553.16.1.el8_10.x86_64 (mockbuild@iad1-prod-build001) (gcc version 8.5.0 20210514 (Red Hat 8.5.0-22) (GCC)) #1 SMP Thu Aug 8 17:47:08 UTC 2024
    <6>Command line: BOOT_IMAGE=(hd0,gpt2)/vmlinuz-4.18.0-553.16.1.el8_10.x86_64 root=/dev/mapper/rl-root ro crashkernel=auto resume=/dev/mapper/rl-swap rd.lvm.lv=rl/root
    <6>x86/fpu: Supporting XSAVE feature 0x001: 'x87 floating point registers'
    <6>BIOS-provided physical RAM map:
    <6>BIOS-e820: [mem 0x000000006f3ff000-0x000000006fbfefff] ACPI NVS
    <4>[Firmware Bug]: TPM Final Events table missing or invalid
    <6>tsc: Detected 2300.000 MHz processor
    <6>ACPI: Early table checksum verification disabled
    <6>ACPI: HEST 0x000000006FBA24CF 00017C (v01 DELL   PE_SC3   00000002 DELL 00000001)
    <6>ACPI: BERT 0x000000006FB956A1 000030 (v01 DELL   PE_SC3   00000002 DELL 00000001)
    <4>x86/cpu: SGX disabled by BIOS.
    <4>TAA: Vulnerable: Clear CPU buffers attempted, no microcode
    <4>MMIO Stale Data CPU bug present and SMT on, data leak possible. See https://www.kernel.org/doc/html/latest/admin-guide/hw-vuln/processor_mmio_stale_data.html for more details.
    <6>smp: Brought up 2 nodes, 64 CPUs
    <3>ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PC00.LPC0.SIO1], AE_NOT_FOUND (20210604/psargs-330)
    <3>ACPI Error: Aborting method \\_SB.PMI0._GHL due to previous error (AE_NOT_FOUND) (20210604/psparse-531)
    <3>ACPI: \\_PR_.C000: Found 1 idle states
    <6>HEST: Table parsing has been initialized.
    <6>ERST: Error Record Serialization Table (ERST) support is initialized.
    <4>pci 0000:00:1f.4: [Firmware Bug]: reg 0x20: invalid BAR (can't size)
    <6>pci 0000:3a:05.0: BAR 13: no space for [io  size 0x1000]
    <4>pci 0000:3a:05.0: BAR 13: failed to assign [io  size 0x1000]
    <6>pcieport 0000:16:00.0: AER: enabled with IRQ 34
    <6>GHES: APEI firmware first mode is enabled by APEI bit and WHEA _OSC.
    <4>Warning: Intel Processor - this hardware has not undergone upstream testing. Please consult http://wiki.centos.org/FAQ for more information
    <6>EDAC MC0: Giving out device to module skx_edac controller Skylake Socket#0 IMC#0: DEV 0000:3a:0a.0 (INTERRUPT)
    <3>ipmi_si dmi-ipmi-si.0: Could not set up I/O space
    <6>intel_rapl_common: Found RAPL domain package
    <3>intel_rapl_common: RAPL package-0 domain package locked by BIOS
    <6>ata1: SATA link down (SStatus 0 SControl 300)
    <6>ata8: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
    <4>ata8.00: supports DRM functions and may not be fully accessible
    <4>mpt3sas_cm0: overriding NVDATA EEDPTagMode setting
    <4>i40e 0000:19:00.0: The driver for the device detected a newer version of the NVM image v1.15 than expected v1.9. Please install the most recent version of the network driver.
    <6>i40e 0000:19:00.0 eno1: NIC Link is Up, 10 Gbps Full Duplex, Flow Control: None
    <6>i40e 0000:19:00.0 eno1: NIC Link is Down
    <6>i40e 0000:19:00.0 eno1: NIC Link is Up, 10 Gbps Full Duplex, Flow Control: None
    <5>XFS (dm-0): Mounting V5 Filesystem
    <6>XFS (dm-0): Ending clean mount
    <4>xfs filesystem being remounted at / supports timestamps until 2038 (0x7fffffff)
    <4>nvidia: loading out-of-tree module taints kernel.
    <4>Disabling lock debugging due to kernel taint
    <5>random: 7 urandom warning(s) missed due to ratelimiting
"""

UBUNTU_24 = """
    <5>Linux version 6.8.0-47-generic (buildd@lcy02-amd64-050) (x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0, GNU ld (GNU Binutils for Ubuntu) 2.42) #47-Ubuntu SMP PREEMPT_DYNAMIC Fri Sep 27 21:40:26 UTC 2024
    <6>Command line: BOOT_IMAGE=/vmlinuz-6.8.0-47-generic root=UUID=7a1f3f0e-6d1c-4a2e-9a7b-0d0b5f1c2e77 ro iommu=pt console=tty0 console=ttyS0,115200
    <6>BIOS-provided physical RAM map:
    <6>DMI: ASRockRack 2U8G-GENOA2/GENOAD24QM3-2L2T, BIOS 3.05 05/14/2024
    <4>secureboot: Secure boot could not be determined (mode 0)
    <6>tsc: Detected 2699.998 MHz processor
    <4>[Firmware Info]: PCI: Improper MMCONFIG base or size
    <6>Memory: 1584713220K/1610299008K available
    <6>LSM: initializing lsm=lockdown,capability,landlock,yama,apparmor,integrity
    <6>smpboot: CPU0: AMD EPYC 9554 64-Core Processor (family: 0x19, model: 0x11, stepping: 0x1)
    <4>AMD-Vi: [Firmware Bug]: : IOAPIC[241] not in IVRS table
    <3>platform AMDI0095:00: AMD-Vi: [Firmware Bug]: No ACPI device matched UID, but 4 devices matched HID.
    <3>ACPI BIOS Error (bug): Failure creating named object [\\_SB.S0D0.BXUP.BYUP._PRW], AE_ALREADY_EXISTS (20230628/dswload2-326)
    <3>ACPI Error: AE_ALREADY_EXISTS, During name lookup/catalog (20230628/psobject-220)
    <6>ACPI: PCI Root Bridge [S0D0] (domain 0000 [bus 00-3f])
    <6>acpi PNP0A08:00: _OSC: platform does not support [SHPCHotplug AER LTR DPC]
    <4>pci 0000:01:00.0: 63.012 Gb/s available PCIe bandwidth, limited by 16.0 GT/s PCIe x4 link at 0000:00:01.1 (capable of 126.028 Gb/s with 32.0 GT/s PCIe x4 link)
    <6>pci 0000:c1:00.0: BAR 6: failed to assign [mem size 0x00100000 pref]
    <4>hpet_acpi_add: no address or irqs in _CRS
    <6>mce: [Firmware Bug]: Your BIOS is not setting up LVT offset 0x2 for deferred error IRQs correctly.
    <6>RAS: Correctable Errors collector initialized.
    <4>ENERGY_PERF_BIAS: Set to 'normal', was 'performance'
    <3>ccp 0000:22:00.5: SEV: failed to INIT error 0x1, rc -5
    <3>ccp 0000:22:00.5: tee: ring init command failed (0x00000006)
    <4>cfg80211: failed to load regulatory.db
    <4>platform regulatory.0: Direct firmware load for regulatory.db failed with error -2
    <3>i2c_designware AMDI0010:03: Unknown Synopsys component type: 0xffffffff
    <6>ast 0000:c4:00.0: [drm] Using ASPEED Video RAM
    <6>EDAC MC0: Giving out device to module amd64_edac controller F19h_M10h: DEV 0000:00:18.3 (INTERRUPT)
    <4>usb: port power management may be unreliable
    <3>usb 1-2: device descriptor read/64, error -71
    <3>hub 2-1:1.0: config failed, can't read hub descriptor (err -22)
    <6>ata15: SATA link down (SStatus 0 SControl 300)
    <4>nvme nvme0: missing or invalid SUBNQN field.
    <6>nvme nvme0: 128/0/0 default/read/poll queues
    <6>mlx5_core 0000:81:00.0: Port module event: module 0, Cable plugged
    <4>mlx5_core 0000:81:00.1: Port module event: module 1, Cable unplugged
    <6>mlx5_core 0000:81:00.0 enp129s0f0np0: Link up
    <6>EXT4-fs (nvme0n1p2): mounted filesystem 7a1f3f0e-6d1c-4a2e-9a7b-0d0b5f1c2e77 r/w with ordered data mode. Quota mode: none.
    <4>nvidia: module license 'NVIDIA' taints kernel.
    <4>nvidia: module verification failed: signature and/or required key missing - tainting kernel
    <6>nvidia-nvlink: Nvlink Core is being initialized, major device number 511
    <4>NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.90.12  Wed Aug  7 01:28:23 UTC 2024
    <5>audit: type=1400 audit(1789365900.110:9): apparmor="STATUS" operation="profile_load" profile="unconfined" name="lsb_release" pid=1397 comm="apparmor_parser"
"""

PROXMOX_8 = """
    <5>Linux version 6.8.12-4-pve (build@proxmox) (gcc (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)
    <6>Command line: initrd=\\EFI\\proxmox\\6.8.12-4-pve\\initrd.img-6.8.12-4-pve root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet
    <4>x86/tme: not enabled by BIOS
    <4>x86/split lock detection: #AC: crashing the kernel on kernel split_locks and warning on user-space split_locks
    <3>DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000b8b4e000-0x00000000b8b50fff], contact BIOS vendor for fixes
    <4>MDS: Vulnerable: Clear CPU buffers attempted, no microcode
    <4>RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!
    <6>ACPI: [Firmware Bug]: BIOS _OSI(Linux) query ignored
    <4>pnp 00:04: disabling [mem 0xfed1c000-0xfed1ffff] because it overlaps 0000:00:1f.0 BAR 2
    <4>pstore: backend 'erst' already in use: ignoring 'efi_pstore'
    <6>ERST: Error Record Serialization Table (ERST) support is initialized.
    <4>spl: loading out-of-tree module taints kernel.
    <4>zfs: module license 'CDDL' taints kernel.
    <5>ZFS: Loaded module v2.2.6-pve1, ZFS pool version 5000, ZFS filesystem version 5
    <3>mei_me 0000:00:16.0: initialization failed.
    <4>ACPI: OSL: Resource conflict; ACPI support missing from driver?
    <4>ACPI Warning: SystemIO range 0x0000000000001828-0x000000000000182F conflicts with OpRegion 0x0000000000001800-0x000000000000187F (\\PMIO) (20230628/utaddress-204)
    <4>lpc_ich: Resource conflict(s) found affecting gpio_ich
    <3>mgag200 0000:03:00.0: [drm] *ERROR* can't reserve VRAM
    <4>ixgbe 0000:04:00.0 eno1: NIC Link is Up 10 Gbps, Flow Control: RX/TX
    <6>vmbr0: port 1(eno1) entered blocking state
    <6>vmbr0: port 1(eno1) entered forwarding state
    <4>openvswitch: netlink: Flow actions may not be safe on all matching packets.
    <4>softdog: initialized. soft_noboot=0 soft_margin=60 sec soft_panic=0 (nowayout=0)
    <4>bpfilter: Loaded bpfilter_umh pid 2211
"""

SLES_15 = """
    <5>Linux version 6.4.0-150600.23.25-default (geeko@buildhost) (gcc (SUSE Linux) 7.5.0, GNU ld (GNU Binutils; SUSE Linux Enterprise 15) 2.43.1.20240828-150100.7.49) #1 SMP PREEMPT_DYNAMIC Tue Oct  1 10:54:01 UTC 2024 (ea7c56d)
    <6>Command line: BOOT_IMAGE=/boot/vmlinuz-6.4.0-150600.23.25-default root=UUID=b2a7 splash=silent mitigations=auto quiet security=apparmor crashkernel=392M,high
    <4>Kernel command line parameters "splash=silent" will be passed to user space.
    <4>[Firmware Bug]: the BIOS has corrupted hw-PMU resources (MSR 38d is 330)
    <4>Performance Events: Broken BIOS detected, complain to your hardware vendor.
    <4>x86/cpu: VMX (outside TXT) disabled by BIOS
    <3>ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0.XHC.RHUB.HS11], AE_NOT_FOUND (20230331/dswload2-162)
    <4>ACPI: SPCR: Unexpected SPCR Access Width.  Defaulting to byte size
    <6>pci 0000:00:00.0: xHCI HW did not halt within 32000 usec status = 0x0
    <4>i8042: probe of i8042 failed with error -5
    <3>i8042: Can't read CTR while initializing i8042
    <4>usb: port power management may be unreliable
    <6>hpsa 0000:5c:00.0: scsi 0:0:0:0: added RAID              HPE      P408i-a SR Gen10  controller SSDSmartPathCap- En- Exp=1
    <4>smartpqi 0000:5c:00.0: Online Firmware Activation: Disabled
    <5>sd 0:0:7:0: [sdh] Write cache: disabled, read cache: enabled, supports DPO and FUA
    <4>sd 0:0:7:0: [sdh] Optimal transfer size 16773120 bytes not a multiple of physical block size (4096 bytes)
    <6>md/raid:md127: raid level 6 active with 12 out of 12 devices, algorithm 2
    <6>BTRFS info (device sda2): using crc32c (crc32c-intel) checksum algorithm
    <4>tg3 0000:02:00.0: Direct firmware load for tigon/tg3_tso.bin failed with error -2
    <6>tg3 0000:02:00.0 eth0: Link is up at 1000 Mbps, full duplex
    <4>systemd-sysv-generator[611]: SysV service '/etc/init.d/boot.local' lacks a native systemd unit file.
    <4>acpi_cpufreq: probe of acpi-cpufreq failed with error -17
    <3>power_meter ACPI000D:00: Ignoring unsafe software power cap!
    <3>hpwdt 0000:01:00.0: HPE Watchdog Timer Driver: NMI decoding initialized
    <4>kdump: Warning: There might not be enough space to save a vmcore.
"""

GRACE = """
    <5>Linux version 6.8.0-1014-nvidia-64k (buildd@bos03-arm64-051) (aarch64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0) #15-Ubuntu SMP PREEMPT_DYNAMIC Thu Aug 29 02:21:28 UTC 2024
    <6>KASLR disabled due to lack of seed
    <6>efi: EFI v2.7 by EDK II
    <4>efi: Failed to lookup EFI memory descriptor for 0x00000000f8f40000
    <4>ACPI: SPCR: SPCR table version 2
    <6>Kernel command line: BOOT_IMAGE=/boot/vmlinuz-6.8.0-1014-nvidia-64k root=UUID=5e5d ro init_on_alloc=0 iommu.passthrough=1 console=ttyAMA0
    <4>ACPI PPTT: No PPTT table found, CPU and cache topology may be inaccurate
    <6>SMCCC: SOC_ID: ID = jep106:036b:0241 Revision = 0x00000102
    <4>arm-smmu-v3 arm-smmu-v3.0.auto: msi_domain absent - falling back to wired irqs
    <4>arm-smmu-v3 arm-smmu-v3.16.auto: option mask 0x10
    <6>acpi PNP0A08:00: _OSC: platform does not support [PCIeHotplug PME LTR DPC]
    <4>pci 0009:01:00.0: BAR 0: failed to assign [mem size 0x01000000 64bit pref]
    <6>HEST: Table parsing has been initialized.
    <6>sdei: SDEIv1.1 (0x0) detected in firmware.
    <4>GHES: Failed to enable APEI firmware first mode.
    <3>ARMH0011:00: no DMA platform data
    <4>nvme nvme1: Ignoring bogus Namespace Identifiers
    <4>coresight etm0: CPU0: etm v4.2 initialized
    <4>tegra-qspi NVDA1513:00: cannot use DMA: -19
    <3>tpm_tis_spi: probe of PRP0001:01 failed with error -110
    <6>nvidia-nvlink: Nvlink Core is being initialized, major device number 506
    <4>nvidia 0009:01:00.0: enabling device (0000 -> 0002)
    <4>NVRM: loading NVIDIA UNIX Open Kernel Module for aarch64  560.35.03  Release Build
    <4>nvidia_uvm: module uses symbols nvUvmInterfaceDisableAccessCntr from proprietary module nvidia, inheriting taint.
    <6>mlx5_core 0002:01:00.0: 126.016 Gb/s available PCIe bandwidth (32.0 GT/s PCIe x4 link)
    <4>mlx5_core 0002:01:00.0: Rate limit: 127 rates are supported, range: 0Mbps to 195312Mbps
    <6>mlx5_core 0002:01:00.0 enP2s1np0: Link down
    <6>mlx5_core 0002:01:00.0 enP2s1np0: Link up
    <4>spi-nor spi0.0: unrecognized JEDEC id bytes: ff ff ff ff ff ff
"""

ARCH = """
    <5>Linux version 6.12.1-arch1-1 (linux@archlinux) (gcc (GCC) 14.2.1 20240910, GNU ld (GNU Binutils) 2.43.0) #1 SMP PREEMPT_DYNAMIC Fri, 22 Nov 2024 16:04:27 +0000
    <6>Command line: BOOT_IMAGE=/boot/vmlinuz-linux root=UUID=1c0e rw loglevel=3
    <4>[Firmware Bug]: CPU 8: APIC ID mismatch. CPUID: 0x0010 APIC: 0x0020
    <4>x86/cpu: User Mode Instruction Prevention (UMIP) activated
    <6>AMD-Vi: Interrupt remapping enabled
    <3>hub 8-0:1.0: config failed, hub doesn't have any ports! (err -19)
    <3>i2c i2c-7: Failed to register spd5118 at 0x51 (-16)
    <4>kfd kfd: amdgpu: skipped device 1002:66a1, PCI rejects atomics 730<0
    <4>amdgpu 0000:43:00.0: amdgpu: PSP runtime database doesn't exist
    <4>amdgpu 0000:43:00.0: amdgpu: overdrive feature is not supported
    <4>Bluetooth: hci0: Failed to load Intel firmware file intel/ibt-0041-0041.sfi (-2)
    <6>igc 0000:06:00.0 enp6s0: NIC Link is Up 2500 Mbps Full Duplex, Flow Control: RX/TX
    <4>snd_hda_intel 0000:45:00.1: no codecs found!
    <4>nct6775: Enabling hardware monitor logical device mappings.
    <6>EXT4-fs (nvme0n1p2): mounted filesystem 1c0e r/w with ordered data mode. Quota mode: none.
"""

USERSPACE = """
    <6>systemd 255 running in system mode (+PAM +AUDIT +SELINUX +APPARMOR +IMA)
    <6>Hostname set to <{host}>.
    <4>/usr/lib/systemd/system/snmpd.service:9: PIDFile= references a path below legacy directory /var/run/, updating /var/run/snmpd.pid to /run/snmpd.pid; please update the unit file accordingly.
    <6>Condition check resulted in Platform Persistent Storage Archival being skipped.
    <6>Starting Network Manager Wait Online...
    <6>Reached target Network is Online.
    <6>Started OpenSSH server daemon.
    <6>Reached target Multi-User System.
    <6>Startup finished in 62.118s (firmware) + 4.873s (loader) + 7.020s (kernel) + 31.644s (userspace) = 1min 45.655s.
"""


def starts(f: Fleet, host: str, minute: float, log: str) -> None:
    """A host comes up: the kernel's lines, those of systemd, a clock that is set, daemons that find their peers."""
    f.kernel(host, minute, log, gap=0.12)
    f.systemd(host, minute + 0.2, USERSPACE.format(host=host), gap=0.9)
    f.log(host, minute + 0.3, "systemd-modules-load", "<4>Failed to find module 'nvme-fabrics'\nInserted module 'msr'")
    f.log(host, minute + 0.5, "chronyd", """
        chronyd version 4.5 starting (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS +SECHASH +IPV6 -DEBUG)
        Frequency -18.442 +/- 0.061 ppm read from /var/lib/chrony/drift
        Selected source 10.7.0.3 (ntp.example)
        <4>System clock wrong by -0.418212 seconds
        <4>System clock was stepped by -0.418212 seconds
        System clock TAI offset set to 37 seconds
    """, unit="chronyd.service", gap=2)  # fmt: skip
    f.log(host, minute + 0.6, "smartd", """
        smartd 7.4 2023-08-01 r5530 [x86_64-linux] (local build)
        Device: /dev/sda [SAT], not found in smartd database 7.4/5604.
        Device: /dev/sda [SAT], is SMART capable. Adding to "monitor" list.
    """, unit="smartd.service")  # fmt: skip
    f.sel(host, f"""
        -44d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        {minute - 1.2:.1f} | System Event #0xff | OEM System boot event | Asserted
        {minute + 1:.1f} | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=2, first=0x71)  # fmt: skip


def ordered_restart(f: Fleet, host: str, minute: float, log: str, why: str, minutes: float = 5) -> None:
    """An operator announces a restart, orders it, and the host is back `minutes` later."""
    f.log(host, minute - 1, "ops", f"planned maintenance: {why}, host will be back in ten minutes")
    f.log(host, minute - 0.3, "sudo", "     ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/sbin/reboot", priority=5)  # fmt: skip
    f.log(host, minute - 0.25, "systemd-logind", "The system will reboot now!\nSystem is rebooting.", unit="systemd-logind.service", priority=5)  # fmt: skip
    f.systemd(host, minute - 0.2, """
        <6>Stopping Prometheus Node Exporter...
        <6>node_exporter.service: Deactivated successfully.
        <6>Stopping OpenSSH server daemon...
        <6>Stopped target Multi-User System.
        <4>run-user-1001.mount: Failed with result 'exit-code'.
        <6>Reached target System Shutdown.
        <6>Shutting down.
    """)  # fmt: skip
    f.log(host, minute - 0.15, "sshd", "Received signal 15; terminating.", unit="sshd.service")
    f.log(host, minute - 0.1, "systemd-journald", "Journal stopped", unit="systemd-journald.service")
    f.down(host, minute, minute + minutes)
    starts(f, host, minute + minutes, log)
