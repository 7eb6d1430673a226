"""Who the servers run as, and programs that this account can reach.

PostgreSQL refuses to run as root, so root's servers run as `nobody`. Without root they run as the user.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from groundcrew_embedded.home import HomeError


@dataclass(frozen=True)
class Account:
    """A user and group id; `drops` where we are root and change to it."""

    uid: int
    gid: int
    name: str
    drops: bool

    def identity(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen`."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drops else {}

    def own(self, path: Path) -> Path:
        """Give a folder or file to this account."""
        if self.drops:
            os.chown(path, self.uid, self.gid)
        return path

    def folder(self, path: Path) -> Path:
        """A folder that only this account enters."""
        path.mkdir(mode=0o700, exist_ok=True)
        return self.own(path)

    def blocked_at(self, path: Path) -> Path | None:
        """The first parent folder that this account may not pass through, None where it reaches `path`."""
        if not self.drops:
            return None
        for parent in reversed(path.absolute().parents):
            found = parent.stat()
            bit = 0o100 if found.st_uid == self.uid else 0o010 if found.st_gid == self.gid else 0o001
            if not found.st_mode & bit:
                return parent
        return None


def server_account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), "", drops=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        msg = "started by root, the servers run as the user 'nobody', and this machine has none"
        raise HomeError(msg) from None
    return Account(nobody.pw_uid, nobody.pw_gid, nobody.pw_name, drops=True)


def require_reachable(account: Account, home: Path) -> None:
    """Raises HomeError where the servers could not enter their own data folders."""
    if blocked := account.blocked_at(home / "any"):
        msg = (
            f"{home}: started by root, the servers run as '{account.name}', who may not enter {blocked}; "
            f"set GROUNDCREW_HOME to a folder such as /var/lib/groundcrew"
        )
        raise HomeError(msg)


@dataclass(frozen=True)
class Program:
    """A program of a wheel, with the trees below `source` that it needs at the same relative places."""

    distribution: str
    source: Path
    trees: tuple[str, ...]
    path: str


def reachable(account: Account, program: Program, copies: Path) -> Path:
    """Where the account can execute the program: as installed, or in a copy below `copies`.

    An environment below /root is closed to others, and we don't open it. A copy is made once per version of the
    distribution, and completely or not at all.
    """
    installed = program.source / program.path
    if account.blocked_at(installed) is None and (not account.drops or installed.stat().st_mode & 0o005 == 0o005):
        return installed
    target = copies / f"{program.distribution}-{version(program.distribution)}"
    if not target.exists():
        copies.mkdir(mode=0o755, exist_ok=True)
        copies.chmod(0o755)
        draft = target.with_name(target.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        for tree in program.trees:
            _copy(program.source / tree, draft / tree)
        _open(draft)
        draft.rename(target)
    return target / program.path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _open(folder: Path) -> None:
    """Let others read and execute what the owner may: the copies hold nothing but public packages."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode & 0o700
            path.chmod(mode | (mode >> 3) & 0o050 | (mode >> 6) & 0o005)
