"""Small files of /proc and /sys."""

from pathlib import Path

_MOST = 65_536


def text_of(path: Path) -> str:
    """The file's text without white space at its ends, empty where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST).strip().replace("\0", "")
    except OSError:
        return ""


def number_of(path: Path) -> float | None:
    """The number that the file holds; None where there is none."""
    try:
        return float(text_of(path))
    except ValueError:
        return None


def entries_of(path: Path, pattern: str, most: int) -> list[Path]:
    """Entries of a folder that fit, in order of name, at most so many."""
    try:
        return sorted(path.glob(pattern))[:most]
    except OSError:
        return []
