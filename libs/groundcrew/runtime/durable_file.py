"""Small files that must survive a crash whole."""

import os
from pathlib import Path


def replace_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step: after a crash there is the old file or the new one. Raises OSError."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
