"""Speaks to one BMC over a session that stays open between two looks, and is opened anew where the BMC dropped it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.credentials import Credentials
from groundcrew_ipmi_collector.lanplus.channel import Channel, Count
from groundcrew_ipmi_collector.lanplus.lan_session import NETFN_APP, LanSession
from groundcrew_ipmi_collector.lanplus.opening import check_capabilities, open_session
from groundcrew_ipmi_collector.lanplus.suites import SUITES
from groundcrew_ipmi_collector.lanplus.wire import Message
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, in_words
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

KEEP_ALIVE_S = 40.0
"""A session that nobody used for so long is used: BMCs end one after 60 s, give or take 3 (IPMI 2.0, 6.12.15)."""

KEPT_INTERVAL_S = 300.0
"""Where looks are further apart, a session is ended after each: opening one is cheaper than keeping it."""

_DEVICE_ID = 0x01
_NODE_BUSY = 0xC0
_BUSY_S = 0.2
_BUSY_TRIES = 5


class LanClient:
    """`suite` is the cipher suite that the BMC last took, kept by whoever made this."""

    def __init__(
        self,
        entry: InventoryBmc,
        section: IpmiCollectorSection,
        *,
        credentials: Callable[[], Credentials],
        turn: Turn,
        ignored: Count,
        suite: int | None = None,
    ) -> None:
        self._entry = entry
        self._section = section
        self._credentials = credentials
        self._turn = turn
        self._ignored = ignored
        self._session: LanSession | None = None
        self._who: Credentials | None = None
        self._alive: asyncio.Task[None] | None = None
        self._used_at = 0.0
        self._reopens = False
        self.opened = 0
        """Sessions that were opened."""
        self.suite = entry.cipher_suite if entry.cipher_suite is not None else suite

    @asynccontextmanager
    async def speaking(self, timeout_s: float = 0) -> AsyncIterator[None]:
        """Within it, `ask` may be called. Raises IpmiFailed(TIMEOUT) where the block takes longer than `timeout_s` and
        than any session may."""
        bound = max(timeout_s, self._section.session_s)
        who = self._credentials()
        async with self._turn.taken(self):
            try:
                async with asyncio.timeout(bound):
                    await self._be_open(who)
                    yield
            except TimeoutError:
                self._drop()
                raise IpmiFailed(Reason.TIMEOUT, f"the BMC did not finish its answer within {bound:g} s") from None
            finally:
                self._used_at = asyncio.get_running_loop().time()
                if self._section.interval_s > KEPT_INTERVAL_S and self._session is not None:
                    await self.end_session()

    async def ask(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> Message:
        """One request; opens the session once more where the BMC seems to have dropped it. Raises IpmiFailed."""
        for _ in range(_BUSY_TRIES):
            answer = await self._ask(netfn, command, data, lun)
            if answer.code != _NODE_BUSY:
                return answer
            await asyncio.sleep(_BUSY_S)
        raise IpmiFailed(Reason.BUSY, "the BMC is busy (completion code C0h)")

    async def ask_behind(
        self, target: int, channel: int, netfn: int, command: int, data: bytes = b"", *, lun: int = 0
    ) -> Message:
        """One request to a satellite controller. That it does not answer (TIMEOUT) says nothing of the session."""
        return await self._session_now().request_behind(target, channel, netfn, command, data, lun=lun)

    async def _ask(self, netfn: int, command: int, data: bytes, lun: int) -> Message:
        session = self._session
        assert session is not None, "only within speaking()"
        try:
            return await session.request(netfn, command, data, lun=lun)
        except IpmiFailed as failure:
            self._drop()
            if failure.reason is not Reason.TIMEOUT or not self._reopens:
                raise
        self._reopens = False  # once in each turn: what hangs is not asked for ever
        assert self._who is not None
        await self._open(self._who)
        return await self._session_now().request(netfn, command, data, lun=lun)

    def _session_now(self) -> LanSession:
        assert self._session is not None
        return self._session

    async def _be_open(self, who: Credentials) -> None:
        if self._session is not None and who != self._who:
            await self.end_session()
        self._reopens = self._session is not None
        if self._session is None:
            await self._open(who)

    async def _open(self, who: Credentials) -> None:
        entry, section = self._entry, self._section
        suites = self._suites()
        channel = await Channel.open(
            entry.address, entry.port, reply_s=section.reply_s, tries=section.tries, ignored=self._ignored
        )
        try:
            await check_capabilities(channel, entry.privilege)
            self._session = await self._with_one_of(suites, channel, who)
        except BaseException:
            channel.close()
            raise
        self._who = who
        self.opened += 1
        if self._alive is None and section.interval_s <= KEPT_INTERVAL_S:
            self._alive = asyncio.create_task(self._keep_alive(), name=f"session {entry.name}")

    async def _with_one_of(self, suites: list[int], channel: Channel, who: Credentials) -> LanSession:
        failure = IpmiFailed(Reason.CIPHER, in_words(Reason.CIPHER))
        for number in suites:
            try:
                session = await open_session(channel, who, SUITES[number], self._entry.privilege)
            except IpmiFailed as refused:
                # a BMC that answered before and is silent now may be one that drops what it does not know
                if refused.reason not in (Reason.CIPHER, Reason.TIMEOUT):
                    raise
                failure = refused
            else:
                self.suite = number
                return session
        raise failure

    def _suites(self) -> list[int]:
        """The named one, or the one that the BMC took last before the others."""
        named = self._entry.cipher_suite
        if named is not None:
            if named not in SUITES:
                raise IpmiFailed(Reason.CIPHER, f"cipher suite {named} is spoken by ipmitool only")
            return [named]
        return sorted(SUITES, key=lambda number: (number != self.suite, -number))

    async def _keep_alive(self) -> None:
        """Uses the session now and then, whenever nobody else does."""
        loop = asyncio.get_running_loop()
        while True:
            idle_s = loop.time() - self._used_at if self._session is not None else 0.0
            await asyncio.sleep(max(1.0, KEEP_ALIVE_S - idle_s))
            if not self._turn.is_taken and loop.time() - self._used_at >= KEEP_ALIVE_S and self._session is not None:
                async with self._turn.taken(self):
                    await self._use()
                self._used_at = loop.time()

    async def _use(self) -> None:
        if self._session is not None:
            try:
                await self._session.request(NETFN_APP, _DEVICE_ID)
            except IpmiFailed:
                self._drop()  # the next look opens another and tells what is wrong

    async def end_session(self) -> None:
        """Close Session, and wait for the answer at most as long as for any other."""
        session, self._session = self._session, None
        if session is not None:
            try:
                with suppress(IpmiFailed):
                    await session.close()
            finally:
                session.channel.close()

    def _drop(self) -> None:
        """Forget a session that does not answer; a BMC that still has it is told."""
        session, self._session = self._session, None
        if session is not None:
            session.close_at_once()
            session.channel.close()

    async def close(self) -> None:
        """For good; does not wait for the BMC."""
        alive, self._alive = self._alive, None
        if alive is not None:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
        self._drop()
