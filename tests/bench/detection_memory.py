"""Resident memory of detection over an interpreter with its imports, in a process of its own.

    python -m tests.bench.detection_memory ENGINE FILE

FILE holds log batches as they come from the bus, one a line. Prints MiB after the imports, and after the shipped packs,
the compiled patterns and all batches, ten times over.
"""

import gc
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

import groundcrew_trigger.service  # noqa: F401 - what the trigger imports is the ground that is measured from
from groundcrew.contracts.streams import decode
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.engines import EngineName
from groundcrew.runtime.packs import load_packs

ROUNDS = 10


def measured(engine: EngineName, raw: Sequence[bytes], folder: Path) -> tuple[float, float]:
    """(MiB after the imports, MiB added)."""
    (folder / "batches").write_bytes(b"\n".join(raw))
    argv = [sys.executable, "-m", "tests.bench.detection_memory", engine, str(folder / "batches")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    return before, after - before


def _resident() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def main(engine: EngineName, file: Path) -> None:
    if engine != "re2":
        import hyperscan  # noqa: F401 - an import, too
    before = _resident()
    detector = Detector(load_packs().knowledge, engine=engine)
    for _ in range(ROUNDS):
        with file.open("rb") as stream:
            for payload in stream:
                detector.observe(decode(payload.rstrip(b"\n")))
    print(f"{before:.1f} {_resident():.1f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))  # type: ignore[arg-type]
