"""A UDP socket to one BMC: one question at a time, sent again until it is answered or given up."""

import asyncio
import errno
from collections.abc import Callable
from typing import TypeVar, cast

from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, in_words

Answer = TypeVar("Answer")
Count = Callable[[str], None]
"""Told why a datagram was ignored."""

_NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM})


class Ignored(Exception):
    """A datagram that is no answer; the text is a label: `garbage`, `unsigned`, `replayed`, `late`, or empty where it
    was to be expected and is not counted."""


class Channel(asyncio.DatagramProtocol):
    """What does not answer the question that is open is ignored and counted, whatever it is."""

    def __init__(self, *, reply_s: float, tries: int, ignored: Count) -> None:
        self._reply_s = reply_s
        self._tries = tries
        self._ignored = ignored
        self._transport: asyncio.DatagramTransport | None = None
        self._heard: Callable[[bytes], None] | None = None
        self._error: OSError | None = None

    @classmethod
    async def open(cls, address: str, port: int, *, reply_s: float, tries: int, ignored: Count) -> "Channel":
        """Raises IpmiFailed(ADDRESS)."""
        loop = asyncio.get_running_loop()
        try:
            _, channel = await loop.create_datagram_endpoint(
                lambda: cls(reply_s=reply_s, tries=tries, ignored=ignored), remote_addr=(address, port)
            )
        except OSError:
            raise IpmiFailed(Reason.ADDRESS, in_words(Reason.ADDRESS)) from None
        return channel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # the loop's own class of it, no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def error_received(self, exc: Exception) -> None:
        self._error = exc if isinstance(exc, OSError) else None

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._heard is None:
            self._ignored("late")
        else:
            self._heard(data)

    async def ask(self, make: Callable[[], bytes], accept: Callable[[bytes], Answer]) -> Answer:
        """`make` is called for each try, `accept` for each datagram that comes; it raises Ignored, or IpmiFailed.

        Raises IpmiFailed(TIMEOUT), or ADDRESS where no datagram can be sent there.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        tried = 0
        timer: asyncio.TimerHandle | None = None

        def send() -> None:
            nonlocal tried, timer
            if tried >= self._tries:
                answered.set_exception(self._no_answer())
                return
            tried += 1
            self.send(make())
            timer = loop.call_later(self._reply_s, send)

        def heard(data: bytes) -> None:
            if answered.done():
                self._ignored("late")
                return
            try:
                answered.set_result(accept(data))
            except Ignored as why:
                if label := str(why):
                    self._ignored(label)
            except IpmiFailed as failure:
                answered.set_exception(failure)

        self._error, self._heard = None, heard
        send()
        try:
            return await answered
        finally:
            self._heard = None
            if timer is not None:
                timer.cancel()

    def send(self, datagram: bytes) -> None:
        """Once, whoever hears it."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _no_answer(self) -> IpmiFailed:
        lost = self._error is not None and self._error.errno in _NO_WAY
        reason = Reason.ADDRESS if lost else Reason.TIMEOUT
        return IpmiFailed(reason, in_words(reason))
