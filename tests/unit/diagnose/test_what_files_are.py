"""Files are recognised by what they hold."""

import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from groundcrew_embedded.diagnosing.kinds import Kind, recognise
from groundcrew_embedded.diagnosing.opening import Unusable, opened

DMESG = b"[    0.000000] Linux version 6.1.0 (builder@host)\n[   12.500000] EXT4-fs (sda1): mounted filesystem\n"
SYSLOG = b"Mar  4 02:00:01 node7 kernel: EXT4-fs (sda1): mounted filesystem\n"
ELIST = (
    b"   1 | 03/04/2026 | 02:00:01 | Power Supply PS2 Status | Power Supply AC lost | Asserted\n"
    b"   2 | 03/04/2026 | 02:00:02 | Power Unit PS Redundancy | Redundancy Lost | Asserted\n"
)
SDR = b"FAN1             | 41h | ok  | 29.1 | 4300 RPM\nCPU1 Temp        | 01h | ok  |  3.1 | 41 degrees C\n"
ENTRY = b'{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1772589601000000","_HOSTNAME":"node7","MESSAGE":"x"}\n'
EXPORT = (
    b"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1772589601000000\n_HOSTNAME=node7\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n\n"
)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (DMESG, Kind.LOG),
        (SYSLOG, Kind.LOG),
        (ELIST, Kind.BMC),
        (SDR, Kind.BMC),
        (b"SEL has no entries\n", Kind.BMC),
        (ENTRY, Kind.JOURNAL_JSON),
        (EXPORT, Kind.JOURNAL_EXPORT),
        (b"LPKSHHRH" + bytes(200), Kind.JOURNAL),
        (b"smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0] (local build)\n", Kind.SMARTCTL),
        (b'{\n  "json_format_version": [\n    1,\n    0\n  ],\n', Kind.SMARTCTL),
        (b'{\n"Controllers":[\n{\n', Kind.BMC),
        (
            b'{"@odata.id":"/redfish/v1/Systems/1/LogServices/Sel/Entries","@odata.type":'
            b'"#LogEntryCollection.LogEntryCollection","Members":[' + b'{"Id":"1","Message":"Fan 1 failed"},' * 400,
            Kind.BMC,
        ),
        (b'<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log>\n<nvidia_smi_log>\n', Kind.NVIDIA_SMI),
        (b"\n==============NVSMI LOG==============\n\nTimestamp     : Wed Mar  4 02:00:00 2026\n", Kind.NVIDIA_SMI),
        (b"Personalities : [raid1] \nmd0 : active raid1 sdb1[1] sda1[0]\n", Kind.MDSTAT),
        (SYSLOG.decode().encode("utf-16"), Kind.LOG),
        (b'{"level":"error","msg":"disk full","time":"2026-03-04T02:00:00Z"}\n', Kind.LOG),
        (bytes(range(256)) * 8, None),
    ],
)
def test_kind(head: bytes, kind: Kind | None) -> None:
    assert recognise(head) is kind


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("xz", lzma.compress)])
def test_a_packed_log_is_read_as_the_log(tmp_path: Path, suffix: str, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"messages.{suffix}"
    path.write_bytes(pack(SYSLOG))
    [found] = [file.stream.read() for file in opened(str(path))]
    assert found == SYSLOG


def test_a_damaged_archive_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "messages.gz"
    path.write_bytes(gzip.compress(SYSLOG * 1_000)[:-20])
    with pytest.raises(Unusable, match=r"messages\.gz: its compressed data is damaged"):
        [file.stream.read() for file in opened(str(path))]


def report(name: str, files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for path, data in files.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(data)
            member.mtime = 1_772_590_000
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def test_of_a_sos_report_what_tells_of_faults_is_read(tmp_path: Path) -> None:
    name = "sosreport-node7-2026-03-04-abcdefg"
    path = tmp_path / f"{name}.tar.xz"
    path.write_bytes(
        report(
            name,
            {
                "sos_commands/host/hostname": b"node7.example.org\n",
                "var/log/messages": SYSLOG,
                "etc/passwd": b"root:x:0:0::/root:/bin/sh\n",
                "sos_commands/ata/smartctl_-a_.dev.sda": b"smartctl 7.3\n",
            },
        )
    )
    found = [(file.name.partition(":")[2].partition("/")[2], file.host) for file in opened(str(path))]
    assert found == [("var/log/messages", "node7"), ("sos_commands/ata/smartctl_-a_.dev.sda", "node7")]


def test_what_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="missing: No such file or directory"):
        list(opened(str(tmp_path / "missing")))
