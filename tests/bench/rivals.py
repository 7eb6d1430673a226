"""What others do with the same patterns on the same lines: ripgrep, sec, and one alternation of Python's `re`."""

import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_RG_LIMITS = ("--regex-size-limit=8G", "--dfa-size-limit=1G")
"""By default ripgrep refuses so many patterns."""

_NAME = re.compile(r"\(\?P<\w+>")


def bare(patterns: Sequence[str]) -> list[str]:
    """The patterns without captures, which none of these need to count matching lines."""
    return [_NAME.sub("(?:", pattern) for pattern in patterns]


def of_process(argv: Sequence[str]) -> tuple[float, str]:
    """(CPU seconds, standard output)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{argv[0]}: {done.stderr[:300]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def ripgrep(patterns: Sequence[str], lines: Sequence[str], folder: Path, *options: str) -> tuple[float, int] | None:
    """(lines per second of CPU time, lines found); None where it is not installed."""
    if shutil.which("rg") is None:
        return None
    (folder / "patterns").write_text("\n".join(bare(patterns)) + "\n")
    (folder / "lines").write_text("\n".join(line.replace("\n", " ") for line in lines) + "\n")
    (folder / "none").write_text("")
    argv = ["rg", "--no-config", "-j1", *_RG_LIMITS, *options, "-a", "-c", "-f", folder / "patterns"]
    starting, _ = of_process([str(word) for word in (*argv, folder / "none")])
    seconds, said = of_process([str(word) for word in (*argv, folder / "lines")])
    return len(lines) / max(seconds - starting, 1e-9), int(said or 0)


def sec(patterns: Sequence[str], lines: Sequence[str], folder: Path) -> tuple[float, int] | None:
    """As `ripgrep`, with one rule per pattern that takes no action."""
    if shutil.which("sec") is None:
        return None
    rules = [
        f"type=Single\nptype=RegExp\npattern={pattern}\ndesc=found {number}\naction=logonly hit\n"
        for number, pattern in enumerate(bare(patterns))
    ]
    (folder / "sec.conf").write_text("\n".join(rules))
    (folder / "none").write_text("")
    (folder / "sec.lines").write_text("\n".join(line.replace("\n", " ") for line in lines) + "\n")
    argv = ["sec", f"--conf={folder / 'sec.conf'}", "--notail", f"--log={folder / 'sec.log'}", "--debug=4"]
    starting, _ = of_process([*argv, f"--input={folder / 'none'}"])
    (folder / "sec.log").unlink(missing_ok=True)
    seconds, _ = of_process([*argv, f"--input={folder / 'sec.lines'}"])
    found = (folder / "sec.log").read_text(errors="replace").count(" hit\n")
    return len(lines) / max(seconds - starting, 1e-9), found


def alternation(patterns: Sequence[str], lines: Sequence[str]) -> tuple[float, int]:
    """As `ripgrep`, with one compiled pattern of Python's `re`."""
    together = re.compile("|".join(f"(?:{pattern})" for pattern in bare(patterns) if _taken_by_re(pattern)))
    return timed(len(lines), lambda: sum(1 for line in lines if together.search(line)))


def _taken_by_re(pattern: str) -> bool:
    """`re` takes flags for a whole pattern only where nothing stands before them, and knows no `\\z`."""
    try:
        re.compile(f"(?:{pattern})")
    except re.error:
        return False
    return True


def timed(count: int, work: Callable[[], int], runs: int = 3) -> tuple[float, int]:
    """(lines per second of CPU time, what `work` found), the best of some runs."""
    best, found = float("inf"), 0
    for _ in range(runs):
        began = time.process_time()
        found = work()
        best = min(best, time.process_time() - began)
    return count / best, found
