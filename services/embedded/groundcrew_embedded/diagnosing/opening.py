"""Opens what the command line names: files, compressed or not, standard input, folders, tarballs such as a sos report.

Streams are read once, from the front, and no more of them is held than a buffer. Of folders and tarballs the members
are taken one after another, in a fixed order where there is one.
"""

import bz2
import gzip
import lzma
import re
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, cast

MAX_MEMBERS = 2_000
"""Files of a folder or a tarball that are looked into."""

MAX_BYTES = 16 * 2**30
"""Bytes of one stream that are read, decompressed: no bomb goes on for ever."""

_SOS = re.compile(
    r"(?:^|/)(?:var/log/(?:messages|syslog|kern\.log|kernel|mcelog|ipmi\w*|IPMI\w*|dmesg|boot\.log)[^/]*"
    r"|var/log/journal/[^/]+/system[^/]*\.journal"
    r"|sos_commands/logs/journalctl[^/]*"
    r"|sos_commands/(?:kernel|general|hardware)/dmesg[^/]*"
    r"|sos_commands/(?:ata|scsi|block|nvme|smartcard|storage)/smartctl[^/]*"
    r"|sos_commands/(?:ipmitool|ipmi|hardware)/ipmi[^/]*"
    r"|sos_commands/(?:megaraid|megacli|storcli|sas3ircu|perccli\w*)/[^/]*"
    r"|sos_commands/nvidia/nvidia-smi[^/]*|sos_commands/mcelog/[^/]*|proc/mdstat)$"
)
"""What of a sos report tells of faults, in the layouts of sos 3 and 4 (sos/report/plugins)."""

_SOS_ROOT = re.compile(r"(?:^|/)(?:sos_commands|sos_reports|sos_logs)(?:/|$)")
_SOS_HOST = re.compile(r"(?:^|/)(?:sos_commands/(?:host|general)/hostname(?:_-f)?|hostname|etc/hostname)$")
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")


class Unusable(Exception):
    """A file that cannot be read, or is nothing that we read. The text is one line: file, and what was expected."""


@dataclass(frozen=True)
class Opened:
    """A stream of one file. `path` is set where it lies uncompressed on the disk: some programs want a name."""

    name: str
    stream: BufferedReader
    time_us: int | None
    """When the file was last written; None where nothing says."""
    host: str = ""
    path: Path | None = None
    chosen: bool = True
    """Named on the command line; what a folder holds beside what we read is passed over in silence."""


class _Bounded(RawIOBase):
    """At most so many bytes of a stream, with its errors in one form."""

    def __init__(self, inner: IO[bytes], name: str, limit: int) -> None:
        self._inner = inner
        self._name = name
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(min(len(buffer), self._left))
        except (lzma.LZMAError, zlib.error, EOFError, gzip.BadGzipFile, tarfile.TarError) as error:
            msg = f"{self._name}: its compressed data is damaged ({error})"
            raise Unusable(msg) from None
        except OSError as error:
            msg = f"{self._name}: {error.strerror or error}"
            raise Unusable(msg) from None
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _buffered(inner: IO[bytes], name: str) -> BufferedReader:
    return BufferedReader(_Bounded(inner, name, MAX_BYTES), 256 * 1024)


_UNPACK: tuple[tuple[bytes, Callable[[IO[bytes]], IO[bytes]]], ...] = (
    (b"\x1f\x8b", lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream))),
    (b"\xfd7zXZ\0", lambda stream: cast("IO[bytes]", lzma.LZMAFile(stream))),  # noqa: SIM115 - lives as long as its stream
    (b"BZh", lambda stream: cast("IO[bytes]", bz2.BZ2File(stream))),
)


def _unpacked(stream: BufferedReader, name: str) -> tuple[BufferedReader, bool]:
    """The stream itself, or what is packed in it."""
    head = stream.peek(8)[:8]
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        msg = f"{name}: it is compressed by zstd; unpack it first (zstd -d) or pipe it in (zstdcat ... | ... -)"
        raise Unusable(msg)
    for magic, unpack in _UNPACK:
        if head.startswith(magic):
            return _buffered(unpack(stream), name), True
    return stream, False


def opened(named: str, *, host: str = "") -> Iterator[Opened]:
    """All streams that an argument means. Each must be read before the next one is asked for. Raises Unusable."""
    if named == "-":
        yield from _of_stream("standard input", _buffered(sys.stdin.buffer, "standard input"), None, host, None)
        return
    path = Path(named)
    try:
        if path.is_dir():
            yield from _of_folder(path, host)
            return
        if path.exists() and not path.is_file() and not path.is_fifo():
            msg = f"{named}: it is no file and no folder"
            raise Unusable(msg)
        with path.open("rb") as file:
            stream = _buffered(file, named)
            yield from _of_stream(named, stream, path.stat().st_mtime_ns // 1_000, host, path)
    except OSError as error:
        msg = f"{error.filename or named}: {error.strerror}"
        raise Unusable(msg) from None


def _of_stream(
    name: str, stream: BufferedReader, time_us: int | None, host: str, path: Path | None
) -> Iterator[Opened]:
    plain, packed = _unpacked(stream, name)
    if plain.peek(512)[257:262] == b"ustar":
        with _tar_errors(name), tarfile.open(fileobj=plain, mode="r|") as archive:
            yield from _of_tar(name, archive, host)
        return
    yield Opened(name, plain, time_us, host, None if packed else path)


@contextmanager
def _tar_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        msg = f"{name}: it is no whole tarball ({error})"
        raise Unusable(msg) from None


def _of_tar(name: str, archive: tarfile.TarFile, host: str) -> Iterator[Opened]:
    """Members in the order of the archive, which is a stream: its host name may come late, then its folder's counts."""
    taken, is_sos = 0, False
    for member in archive:
        inside = member.name
        is_sos = is_sos or _SOS_ROOT.search(inside) is not None or inside.startswith("sosreport-")
        if not host and inside.startswith("sosreport-"):
            host = _host_of_root(inside.partition("/")[0])
        if not member.isreg() or (is_sos and not _SOS.search(inside) and not _SOS_HOST.search(inside)):
            continue
        file = archive.extractfile(member)
        if file is None:
            continue
        if _SOS_HOST.search(inside):
            host = host or _host_name(file.read(512))
            continue
        taken += 1
        if taken > MAX_MEMBERS:
            msg = f"{name}: more than {MAX_MEMBERS} files are in it; name those to be read"
            raise Unusable(msg)
        shown = f"{name}:{inside}"
        stream, _ = _unpacked(_buffered(file, shown), shown)
        yield Opened(shown, stream, int(member.mtime * 1_000_000) or None, host, None, chosen=False)


def _of_folder(folder: Path, host: str) -> Iterator[Opened]:
    """Of a sos report what tells of faults, of another folder all files, in the order of their names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    names = [path.relative_to(folder).as_posix() for path in files]
    is_sos = any(_SOS_ROOT.search(name) for name in names)
    if is_sos:
        for path, name in zip(files, names, strict=True):
            if _SOS_HOST.search(name) and not host:
                host = _host_name(path.read_bytes()[:512])
        host = host or _host_of_root(folder.resolve().name)
        files = [path for path, name in zip(files, names, strict=True) if _SOS.search(name)]
    if len(files) > MAX_MEMBERS:
        msg = f"{folder}: more than {MAX_MEMBERS} files are in it; name those to be read"
        raise Unusable(msg)
    if not files:
        msg = f"{folder}: no file in it is one that we read"
        raise Unusable(msg)
    for path in files:
        with path.open("rb") as file:
            stream, packed = _unpacked(_buffered(file, str(path)), str(path))
            time_us = path.stat().st_mtime_ns // 1_000
            yield Opened(str(path), stream, time_us, host, None if packed else path, chosen=False)


def _host_of_root(name: str) -> str:
    """Of `sosreport-<host>[-case]-<date>-<random>`."""
    found = re.match(r"sosreport-(.+?)-\d{4}-?\d\d-?\d\d", name)
    return _host_name(found[1].encode()) if found else ""


def _host_name(text: bytes) -> str:
    words = text.decode("utf-8", "replace").split()
    return words[0] if words and _HOST_NAME.fullmatch(words[0]) and words[0] != "localhost" else ""
