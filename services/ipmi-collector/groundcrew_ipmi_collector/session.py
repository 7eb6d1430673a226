"""Sessions with one BMC by ipmitool: one at a time, a cipher suite named, the password in the environment only."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.credentials import Credentials
from groundcrew_ipmi_collector.process import Finished, finished
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, no_session
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

FIRST_SUITE = 17
"""HMAC-SHA256 for login and integrity, AES-CBC-128: the strongest of IPMI 2.0 (table 22-20)."""

OLDER_SUITE = 3
"""HMAC-SHA1, AES-CBC-128: what older BMCs know."""


class Sessions:
    """Runs commands on one BMC. `suite` is the cipher suite that it last took, kept by whoever made this."""

    def __init__(
        self,
        entry: InventoryBmc,
        section: IpmiCollectorSection,
        *,
        credentials: Callable[[], Credentials],
        turn: Turn,
        processes: asyncio.Semaphore,
        suite: int | None = None,
    ) -> None:
        self._entry = entry
        self._section = section
        self._credentials = credentials
        self._turn = turn
        self._processes = processes
        self.suite = entry.cipher_suite if entry.cipher_suite is not None else suite

    def program(self) -> str:
        """Where ipmitool is. Raises IpmiFailed(TOOL)."""
        found = shutil.which(self._section.program)
        if found is None:
            raise IpmiFailed(Reason.TOOL, f"there is no {self._section.program} on the collector's machine")
        return found

    async def script(self, lines: Sequence[str], *, cache: Path | None = None, timeout_s: float = 0) -> Finished:
        """Several commands in one session; one that fails does not stop the rest. Verbose: its complaints say why.

        Raises IpmiFailed where there is no session.
        """
        said = "".join(f"{line}\n" for line in lines).encode()
        return await self._run(["-v", *_cached(cache), "exec", "/dev/stdin"], said, timeout_s)

    async def command(self, *words: str, cache: Path | None = None, timeout_s: float = 0) -> Finished:
        """One command. Raises IpmiFailed where there is no session."""
        return await self._run([*_cached(cache), *words], b"", timeout_s)

    async def _run(self, words: Sequence[str], said: bytes, timeout_s: float) -> Finished:
        program, credentials = self.program(), self._credentials()
        environ = {"IPMI_PASSWORD": credentials.password} | ({"IPMI_KGKEY": credentials.kg} if credentials.kg else {})
        async with self._processes, self._turn.taken():
            failure: IpmiFailed | None = None
            for suite in self._suites():
                argv = [program, *self._options(credentials.user, suite, kg=bool(credentials.kg)), *words]
                result = await finished(
                    argv, environ=environ, said=said, timeout_s=timeout_s or self._section.session_s
                )
                failure = no_session(result.complaint)
                if failure is None:
                    self.suite = suite
                    return result
                if failure.reason is not Reason.CIPHER:
                    raise failure
        assert failure is not None
        raise failure

    def _suites(self) -> list[int]:
        """The named one, or the one that it took last before the others."""
        if self._entry.cipher_suite is not None:
            return [self._entry.cipher_suite]
        return [OLDER_SUITE, FIRST_SUITE] if self.suite == OLDER_SUITE else [FIRST_SUITE, OLDER_SUITE]

    def _options(self, user: str, suite: int, *, kg: bool) -> list[str]:
        entry, section = self._entry, self._section
        return [
            *("-I", "lanplus", "-C", str(suite), "-L", entry.privilege.upper()),
            *("-N", str(section.reply_s), "-R", str(section.tries)),
            *("-H", entry.address, "-p", str(entry.port), "-U", user, "-E"),
            *(["-K"] if kg else []),
        ]


def _cached(cache: Path | None) -> list[str]:
    return ["-S", str(cache)] if cache is not None and cache.exists() else []
