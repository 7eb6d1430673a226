"""GPUs and drives, asked by real processes: small programs stand in for hardware that is not here."""

import asyncio
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.diagnosis_hardware.cards import ampere, hopper, printed
from tests.unit.diagnosis_hardware.drives import attribute, disk, nvme
from tests.unit.diagnosis_hardware.drives import printed as smart_printed

from groundcrew_host_collector.drives import Drives
from groundcrew_host_collector.gpus import Gpus
from groundcrew_host_collector.process import Unkillable
from groundcrew_host_collector.source import SourceAbsent, SourceFailed

FIRST, SECOND = "00000000:3B:00.0", "00000000:86:00.0"


def program(folder: Path, body: str, name: str = "program") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def printing(folder: Path, output: bytes, *, code: int = 0, name: str = "program") -> str:
    (folder / f"{name}.out").write_bytes(output)
    return program(folder, f"cat {shlex.quote(str(folder / f'{name}.out'))}; exit {code}", name)


def bound(root: Path, *addresses: str) -> Path:
    driver = root / "sys/bus/pci/drivers/nvidia"
    driver.mkdir(parents=True)
    for name in (*addresses, "module", "new_id"):
        (driver / name).mkdir()
    return root


def by_label(samples: Any, name: str, label: str) -> dict[str, float]:
    return {dict(s.labels)[label]: s.value for s in samples if s.name == name}


async def test_cards_become_samples_whatever_the_exit_code(tmp_path: Path) -> None:
    """nvidia-smi ends with 14 where an infoROM is corrupted, and has told everything all the same."""
    smi = printing(tmp_path, printed((FIRST, ampere()), (SECOND, hopper())), code=14)
    reading = await Gpus(smi, bound(tmp_path, "0000:3b:00.0", "0000:86:00.0")).read()
    assert reading.detail == "2 GPUs, driver 550.54.15"
    assert by_label(reading.samples, "gpu_temperature_celsius", "gpu") == {"0000:3b:00.0": 64, "0000:86:00.0": 41}
    assert by_label(reading.samples, "gpu_visible", "gpu") == {"0000:3b:00.0": 1, "0000:86:00.0": 1}


async def test_a_card_that_fell_off_the_bus_is_told_by_its_absence(tmp_path: Path) -> None:
    smi = printing(tmp_path, printed((FIRST, ampere())))
    reading = await Gpus(smi, bound(tmp_path, "0000:3b:00.0", "0000:86:00.0")).read()
    assert by_label(reading.samples, "gpu_visible", "gpu") == {"0000:3b:00.0": 1, "0000:86:00.0": 0}
    assert reading.detail.endswith("; nvidia-smi does not see 0000:86:00.0")


async def test_links_between_cards_are_asked_for_once_in_a_while(tmp_path: Path) -> None:
    (tmp_path / "xml").write_bytes(printed((FIRST, ampere()), (SECOND, hopper())))
    card = "GPU 0: X (UUID: GPU-00000000-0000-0000-0000-00000000003b)"
    body = f"""case "$*" in
        "-q -x") cat {tmp_path}/xml;;
        "nvlink -s") printf '{card}\\n\\t Link 0: 25 GB/s\\n\\t Link 1: <inactive>\\n';;
        "nvlink -e") printf '{card}\\n\\t Link 0: CRC Errors: 8\\n';;
    esac"""
    gpus = Gpus(program(tmp_path, body), tmp_path)
    first, second = await gpus.read(), await gpus.read()
    assert by_label(first.samples, "gpu_nvlink_links_inactive", "gpu") == {"0000:3b:00.0": 1}
    assert by_label(first.samples, "gpu_nvlink_errors_total", "error") == {"crc": 8}
    assert by_label(second.samples, "gpu_nvlink_links_inactive", "gpu") == {}


async def test_without_nvidia_smi_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsent, match=r"^there is no program not-here$"):
        await Gpus("not-here", tmp_path).read()
    with pytest.raises(SourceAbsent, match="though 1 GPUs use NVIDIA's driver"):
        await Gpus("not-here", bound(tmp_path, "0000:3b:00.0")).read()


async def test_an_nvidia_smi_that_does_not_answer_fails_where_there_are_cards(tmp_path: Path) -> None:
    """Or it is left over from another image, on a machine without GPUs."""
    words = b"Failed to initialize NVML: Driver/library version mismatch\n"
    smi = printing(tmp_path, words, code=18)
    with pytest.raises(SourceAbsent, match="NVIDIA's driver has no GPU here"):
        await Gpus(smi, tmp_path).read()
    gpus = Gpus(smi, bound(tmp_path, "0000:3b:00.0"))
    with pytest.raises(SourceFailed, match="version mismatch"):
        await gpus.read()
    assert [(s.name, s.value) for s in gpus.missing()] == [("gpu_driver_answers", 0)]


async def test_programs_that_hang_or_never_end_are_stopped(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"did not end within 0\.2 s"):
        await Gpus(program(tmp_path, "exec sleep 60"), tmp_path, timeout_s=0.2).read()
    endless = program(tmp_path, f"exec {sys.executable} -c \"while True: print('<a>' * 999)\"")
    with pytest.raises(SourceFailed, match="printed more than"):
        await Gpus(endless, tmp_path).read()


async def test_a_program_that_does_not_die_is_told_and_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that waits for dead hardware cannot be killed; here none is given the time to die."""
    monkeypatch.setattr("groundcrew_host_collector.process._DEATH_S", 0.0)
    gpus = Gpus(program(tmp_path, f"echo >>{tmp_path}/started; exec sleep 60"), tmp_path, timeout_s=0.5)
    with pytest.raises(Unkillable, match=r"was killed and does not die: it hangs in the kernel") as stuck:
        await gpus.read()
    monkeypatch.setattr(Unkillable, "alive", True)
    with pytest.raises(SourceFailed, match="it hangs in the kernel"):
        await gpus.read()
    assert (tmp_path / "started").read_text() == "\n", "once"
    monkeypatch.undo()
    async with asyncio.timeout(10):
        while stuck.value.alive:
            await asyncio.sleep(0.01)


def smartctl(folder: Path, **drives: bytes) -> str:
    """Answers a scan with these drives, and each of them by its name."""
    entries = [{"name": f"/dev/{name}", "type": "nvme" if name.startswith("nvme") else "sat"} for name in drives]
    (folder / "scan").write_bytes(smart_printed({"devices": entries}))
    for name, output in drives.items():
        (folder / name).write_bytes(output)
    body = f"""if [ "$1" = --scan ]; then exec cat {folder}/scan; fi
    for last; do :; done
    echo "$@" >>{folder}/asked
    exec cat {folder}/$(basename "$last")"""
    return program(folder, body, "smartctl")


async def test_drives_tell_their_health(tmp_path: Path) -> None:
    program = smartctl(tmp_path, sda=smart_printed(disk(attribute(197, 8))), nvme0=smart_printed(nvme()))
    reading = await Drives(program).read()
    assert reading.detail == "2 drives"
    assert by_label(reading.samples, "smart_healthy", "device") == {"sda": 1, "nvme0": 1}
    assert by_label(reading.samples, "smart_pending_sectors", "device") == {"sda": 8}
    assert (tmp_path / "asked").read_text().splitlines() == [
        "-j -a -n standby -d sat /dev/sda",
        "-j -a -n standby -d nvme /dev/nvme0",
    ]


async def test_drives_that_sleep_or_fail_cost_no_other(tmp_path: Path) -> None:
    asleep = smart_printed({}, code=2, messages=("Device is in STANDBY mode, exit(2)",))
    gone = smart_printed({}, code=2, messages=("Smartctl open device: /dev/sdc failed: No such device",))
    healthy = smart_printed(disk())
    drives = Drives(smartctl(tmp_path, sda=healthy, sdb=asleep, sdc=healthy, sdd=b"Segmentation fault\n"))
    first = await drives.read()
    (tmp_path / "sdc").write_bytes(gone)
    second = await drives.read()
    assert by_label(first.samples, "smart_readable", "device") == {"sda": 1, "sdc": 1}, "sdd never was"
    assert by_label(second.samples, "smart_readable", "device") == {"sda": 1, "sdc": 0}
    assert second.detail.startswith("4 drives, 1 of them asleep, 2 not read (sdc: Smartctl open device: /dev/sdc")


async def test_why_no_drive_tells_anything(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsent, match="there is no program not-here"):
        await Drives("not-here").read()
    with pytest.raises(SourceAbsent, match="finds no drive"):
        await Drives(smartctl(tmp_path)).read()
    denied = smart_printed({}, code=2, messages=("Smartctl open device: /dev/sda failed: Permission denied",))
    with pytest.raises(SourceAbsent, match="it needs root"):
        await Drives(smartctl(tmp_path, sda=denied)).read()
    with pytest.raises(SourceFailed, match=r"smartctl did not print JSON but 'smartctl 6\.6"):
        await Drives(printing(tmp_path, b"smartctl 6.6 2017-11-05\n")).read()
