"""How hosts of the sixth batch come up and go down in good order; each frightening line is of a healthy boot."""

from tests.scenarios.composing.fleet import Fleet

ALMA = """
    <5>Linux version 5.14.0-427.40.1.el9_4.x86_64 (mockbuild@x64-builder02.example) (gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3), GNU ld version 2.35.2-43.el9) #1 SMP PREEMPT_DYNAMIC Wed Oct 16 07:08:17 EDT 2024
    <6>Command line: BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5.14.0-427.40.1.el9_4.x86_64 root=/dev/mapper/vg0-root ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M rd.lvm.lv=vg0/root
    <4>[Firmware Bug]: TSC ADJUST differs within socket(s), fixing all errors
    <4>x86/cpu: SGX disabled by BIOS.
    <4>Warning: Unmaintained driver is detected: ip_set
    <3>ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PC00.RP01.PXSX], AE_NOT_FOUND (20221020/dswload2-162)
    <3>ACPI Error: AE_NOT_FOUND, During name lookup/catalog (20221020/psobject-220)
    <6>pci 0000:00:1f.5: can't claim BAR 0 [mem 0xfe010000-0xfe010fff]: no compatible bridge window
    <4>pmd_set_huge: Cannot satisfy [mem 0x80000000-0x80200000] with a huge-page mapping due to MTRR override.
    <4>ERST: Failed to get Error Log Address Range.
    <6>HEST: Enabling Firmware First mode for corrected errors.
    <6>ata7: SATA link down (SStatus 4 SControl 300)
    <6>bnxt_en 0000:65:00.0 eth0: Broadcom BCM57414 NetXtreme-E 10Gb/25Gb Ethernet found at mem c6a10000, node addr 14:23:f2:aa:10:01
    <6>ice 0000:31:00.0: The DDP package was successfully loaded: ICE OS Default Package version 1.3.36.0
    <4>i40e 0000:19:00.0: The driver for the device detected a newer version of the NVM image v1.14 than expected v1.9. Please install the most recent version of the network driver.
    <4>megaraid_sas 0000:17:00.0: Init cmd return status SUCCESS for SCSI host 0
    <6>megaraid_sas 0000:17:00.0: scanning for scsi0...
    <3>integrity: Problem loading X.509 certificate -65
    <4>systemd-sysv-generator[702]: SysV service '/etc/rc.d/init.d/lsi_mrdsnmpd' lacks a native systemd unit file.
"""

DEBIAN = """
    <5>Linux version 6.12.48+deb13-amd64 (debian-kernel@lists.debian.org) (x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld (GNU Binutils for Debian) 2.44) #1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)
    <6>Command line: BOOT_IMAGE=/boot/vmlinuz-6.12.48+deb13-amd64 root=UUID=41c2 ro quiet
    <4>[Firmware Warn]: GHES: Poll interval is 0 for generic hardware error source: 1, disabled.
    <4>tsc: Fast TSC calibration failed
    <4>Speculative Return Stack Overflow: IBPB-extending microcode not applied!
    <4>Speculative Return Stack Overflow: WARNING: See https://kernel.org/doc/html/latest/admin-guide/hw-vuln/srso.html for mitigation options.
    <4>amd_pstate: the _CPC object is not present in SBIOS or ACPI disabled
    <3>ccp 0000:23:00.1: psp: unable to access the device: you might be running a broken BIOS.
    <3>i2c_designware AMDI0010:00: controller timed out
    <6>EXT4-fs (nvme0n1p2): orphan cleanup on readonly fs
    <6>EXT4-fs (nvme0n1p2): mounted filesystem 41c2 ro with ordered data mode. Quota mode: none.
    <6>EXT4-fs (nvme0n1p2): re-mounted 41c2 r/w. Quota mode: none.
    <4>FAT-fs (nvme0n1p1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.
    <6>ata3: SATA link down (SStatus 0 SControl 300)
    <4>nvme nvme0: using unchecked data buffer
    <6>ixgbe 0000:41:00.0 enp65s0f0: NIC Link is Up 10 Gbps, Flow Control: RX/TX
    <4>kauditd_printk_skb: 41 callbacks suppressed
"""

EULER = """
    <6>Booting Linux on physical CPU 0x0000080000 [0x481fd010]
    <5>Linux version 5.10.0-216.0.0.115.oe2203sp4.aarch64 (root@dc-64g.compass-ci) (gcc_old (GCC) 10.3.1, GNU ld (GNU Binutils) 2.37) #1 SMP Thu Jun 27 15:22:10 CST 2024
    <6>Kernel command line: BOOT_IMAGE=/vmlinuz-5.10.0-216.0.0.115.oe2203sp4.aarch64 root=/dev/mapper/openeuler-root ro smmu.bypassdev=0x1000:0x17 video=efifb:off crashkernel=1024M,high
    <4>GICv3: [Firmware Bug]: GICR region 0x00000000ae100000 has overlapping address
    <4>ARM_SMCCC_ARCH_WORKAROUND_1 missing from firmware
    <6>CPU features: detected: Hisilicon erratum 162100801 and related
    <4>ACPI: SPCR: Unexpected baud rate
    <6>acpi PNP0A08:00: _OSC: not requesting OS control; OS requires [ExtendedConfig ASPM ClockPM MSI]
    <4>pci 0000:7c:00.0: disabling Extended Tags (this device can't handle them)
    <4>pcieport 0000:00:08.0: PCIe errors handled by platform firmware.
    <6>HEST: Table parsing has been initialized.
    <6>EDAC MC0: Giving out device to module ghes_edac.c controller ghes_edac: DEV ghes (INTERRUPT)
    <6>hisi_sas_v3_hw 0000:74:02.0: neither _PS0 nor _PR0 is defined
    <6>hisi_sas_v3_hw 0000:74:02.0: phyup: phy0 link_rate=10
    <6>sas: Enter sas_scsi_recover_host busy: 0 failed: 0
    <5>sas: ata1: end_device-2:0: dev error handler
    <6>sas: --- Exit sas_scsi_recover_host: busy: 0 failed: 0 tries: 1
    <4>hns3 0000:7d:00.1 enp125s0f1: link down
    <6>hns3 0000:7d:00.0 enp125s0f0: link up
    <4>ipmi_ssif: Unable to clear message flags: -22 5 00
"""

UEK = """
    <5>Linux version 5.15.0-304.171.4.el9uek.x86_64 (mockbuild@host-100-100-224-53) (gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3.0.1), GNU ld version 2.35.2-43.0.1.el9) #2 SMP Mon Nov 18 09:32:10 PST 2024
    <6>Command line: BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5.15.0-304.171.4.el9uek.x86_64 root=/dev/mapper/ocivolume-root ro LANG=en_US.UTF-8 crashkernel=auto
    <4>x86/cpu: SGX disabled by BIOS.
    <3>DMAR: [Firmware Bug]: RMRR entry for device 1a:00.0 is broken - applying workaround
    <4>MMIO Stale Data: Vulnerable: Clear CPU buffers attempted, SMT vulnerable
    <3>ACPI Error: Aborting method \\_SB.PMI0._PMC due to previous error (AE_NOT_EXIST) (20210730/psparse-529)
    <4>power_meter ACPI000D:00: Ignoring unsafe software power cap!
    <4>mpt3sas_cm0: overriding NVDATA EEDPTagMode setting from 0 to 1
    <6>sd 0:0:1:0: Power-on or device reset occurred
    <4>enic 0000:62:00.0: Vlan strip offload not supported by firmware
    <6>enic 0000:62:00.0 enp98s0f0: Link UP
    <4>kdump.sh[1511]: kdump: Warning: user-set crashkernel value is smaller than suggested
"""

FOCAL = """
    <5>Linux version 5.15.0-122-generic (buildd@lcy02-amd64-034) (gcc (Ubuntu 9.4.0-1ubuntu1~20.04.2) 9.4.0, GNU ld (GNU Binutils for Ubuntu) 2.34) #132~20.04.1-Ubuntu SMP Fri Aug 30 15:50:07 UTC 2024
    <6>Command line: BOOT_IMAGE=/boot/vmlinuz-5.15.0-122-generic root=UUID=9d10 ro maybe-ubiquity
    <4>MDS CPU bug present and SMT on, data leak possible. See https://www.kernel.org/doc/html/latest/admin-guide/hw-vuln/mds.html for more details.
    <3>ACPI BIOS Error (bug): Failure creating named object [\\_GPE._L6D], AE_ALREADY_EXISTS (20210730/dswload2-327)
    <6>pnp 00:05: disabling [mem 0xfd000000-0xfdabffff disabled] because it overlaps 0000:21:00.0 BAR 1 [mem 0x00000000-0x1fffffff 64bit pref]
    <4>nvme nvme0: Shutdown timeout set to 8 seconds
    <6>ata5: SATA link down (SStatus 0 SControl 300)
    <4>nvidia: loading out-of-tree module taints kernel.
    <4>NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.183.06  Wed Jun 26 06:46:07 UTC 2024
    <6>nvidia-modeset: Loading NVIDIA Kernel Mode Setting Driver for UNIX platforms  535.183.06  Wed Jun 26 06:38:28 UTC 2024
    <4>[drm] [nvidia-drm] [GPU ID 0x00002100] Loading driver
    <6>i40e 0000:19:00.0 ens3f0: NIC Link is Up, 10 Gbps Full Duplex, Flow Control: None
    <4>new mount options do not match the existing superblock, will be ignored
"""

RISEN = """
    <6>Hostname set to <{host}>.
    <4>/usr/lib/systemd/system/lm_sensors.service:9: Unit uses KillMode=none. This is unsafe, as it disables systemd's process lifecycle management for the service.
    <6>Condition check resulted in Store a System Token in an EFI Variable being skipped.
    <6>Starting Crash recovery kernel arming...
    <6>Finished Crash recovery kernel arming.
    <6>Reached target Network is Online.
    <6>Started OpenSSH server daemon.
    <6>Reached target Multi-User System.
    <6>Startup finished in 71.904s (firmware) + 5.211s (loader) + 6.120s (kernel) + 9.310s (initrd) + 38.440s (userspace) = 2min 10.987s.
"""


def rise(f: Fleet, host: str, minute: float, log: str) -> None:
    """A host comes up: its kernel, systemd, the clock, the disks' daemon."""
    f.kernel(host, minute, log, gap=0.1)
    f.systemd(host, minute + 0.25, RISEN.format(host=host), gap=0.6)
    f.log(host, minute + 0.4, "systemd-udevd", "<4>eth2: Failed to rename network interface 4 from 'eth2' to 'eno3': File exists, tried again\n<4>controlC0: Process '/usr/sbin/alsactl restore 0' failed with exit code 99.", unit="systemd-udevd.service")  # fmt: skip
    f.log(host, minute + 0.5, "chronyd", """
        chronyd version 4.5 starting (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS +SECHASH +IPV6 +DEBUG)
        Using right/UTC timezone to obtain leap second data
        <4>Could not resolve address of 2.pool.example, trying again
        Selected source 172.20.0.3 (ntp1.example)
        <4>System clock wrong by 0.711042 seconds
        <4>System clock was stepped by 0.711042 seconds
    """, unit="chronyd.service", gap=2)  # fmt: skip


def by_order(
    f: Fleet, host: str, minute: float, log: str, why: str, minutes: float = 6, tool: str = "/usr/sbin/shutdown -r now"
) -> None:
    """An announced restart, ordered by a person, in the lines that a shutdown leaves; the host is back `minutes` later."""
    f.log(host, minute - 1.5, "ops", f"announced change: {why}; {host} restarts in two minutes")
    f.log(host, minute - 0.4, "sudo", f" ansible : TTY=pts/1 ; PWD=/home/ansible ; USER=root ; COMMAND={tool}", priority=5)  # fmt: skip
    f.log(host, minute - 0.35, "systemd-logind", "The system will reboot now!\nSystem is rebooting.", unit="systemd-logind.service", priority=5, gap=0.1)  # fmt: skip
    f.systemd(host, minute - 0.3, """
        <6>Stopped target Multi-User System.
        <6>Stopping Command Scheduler...
        <6>crond.service: Deactivated successfully.
        <6>Stopped Command Scheduler.
        <6>Stopping Zabbix Agent 2...
        <5>zabbix-agent2.service: Main process exited, code=exited, status=1/FAILURE
        <4>zabbix-agent2.service: Failed with result 'exit-code'.
        <6>Stopped Zabbix Agent 2.
        <6>Stopped target Network is Online.
        <4>Failed unmounting /run/user/990.
        <6>Reached target System Shutdown.
        <6>Reached target System Reboot.
        <6>Shutting down.
    """, gap=0.05)  # fmt: skip
    f.log(host, minute - 0.2, "systemd-shutdown", "Syncing filesystems and block devices.\nSending SIGTERM to remaining processes...\n<4>Waiting for process: 2211 (multipathd)")  # fmt: skip
    f.log(host, minute - 0.1, "systemd-journald", "Received SIGTERM from PID 1 (systemd-shutdow).\nJournal stopped", unit="systemd-journald.service", gap=0.1)  # fmt: skip
    f.down(host, minute, minute + minutes)
    rise(f, host, minute + minutes, log)
