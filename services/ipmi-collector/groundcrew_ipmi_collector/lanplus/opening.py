"""Opens a session: what the BMC can do, then the handshake, then the privilege level."""

from collections.abc import Callable

from groundcrew_ipmi_collector.credentials import Credentials
from groundcrew_ipmi_collector.lanplus import wire
from groundcrew_ipmi_collector.lanplus.channel import Channel, Ignored
from groundcrew_ipmi_collector.lanplus.handshake import PRIVILEGES, Handshake
from groundcrew_ipmi_collector.lanplus.lan_session import NETFN_APP, LanSession
from groundcrew_ipmi_collector.lanplus.suites import Suite
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, in_words

MAX_USER = 16
"""Bytes of a user's name: IPMI 2.0, 22.28."""

_CAPABILITIES = 0x38
_THIS_CHANNEL, _OF_IPMI_2 = 0x0E, 0x80
_SPEAKS_IPMI_2 = 0x02
_TAGS = 0x100


async def check_capabilities(channel: Channel, privilege: str) -> None:
    """Get Channel Authentication Capabilities (22.13). Raises TIMEOUT, ADDRESS, UNSUPPORTED (IPMI 1.5 only)."""
    asked = wire.request(
        NETFN_APP, _CAPABILITIES, bytes([_THIS_CHANNEL | _OF_IPMI_2, PRIVILEGES[privilege]]), sequence=0
    )

    def accept(datagram: bytes) -> wire.Message:
        message = wire.parse_plain(datagram)
        said = None if message is None else wire.parse_response(message)
        if said is None or said.command != _CAPABILITIES:
            raise Ignored("garbage")
        return said

    said = await channel.ask(lambda: wire.plain(asked), accept)
    extended = said.code == 0 and len(said.data) >= 4 and said.data[1] & _OF_IPMI_2
    if said.code == 0 and not (extended and said.data[3] & _SPEAKS_IPMI_2):
        raise IpmiFailed(Reason.UNSUPPORTED, "the BMC knows only sessions of IPMI 1.5, which are not safe")


async def open_session(channel: Channel, who: Credentials, suite: Suite, privilege: str) -> LanSession:
    """Raises IpmiFailed: CIPHER where the BMC does not take this suite, CREDENTIALS, PRIVILEGE, BUSY, TIMEOUT, ..."""
    user = who.user.encode()
    if len(user) > MAX_USER:
        raise IpmiFailed(Reason.CREDENTIALS, f"the user is longer than the {MAX_USER} bytes that IPMI 2.0 allows")
    attempt = Handshake(user, who.password.encode(), suite, PRIVILEGES[privilege], who.kg.encode())
    attempt.opened(await _step(channel, attempt, wire.OPEN_REQUEST, attempt.open_request))
    second = await _step(channel, attempt, wire.RAKP1, attempt.rakp1)
    try:
        attempt.rakp2(second)
    except IpmiFailed as failure:
        if failure.reason is Reason.CREDENTIALS:
            channel.send(wire.outside(wire.RAKP3, attempt.give_up()))
        raise
    session = LanSession(channel, attempt.keys(), bmc=attempt.bmc, console=attempt.console)
    try:
        attempt.finished(await _step(channel, attempt, wire.RAKP3, attempt.rakp3))
        if privilege != "user":  # the level that every session begins with
            said = await session.set_privilege(PRIVILEGES[privilege])
            if said.code != 0:
                raise IpmiFailed(Reason.PRIVILEGE, in_words(Reason.PRIVILEGE))
    except BaseException:  # whatever ends this, the BMC may have opened the session
        session.close_at_once()
        raise
    return session


async def _step(channel: Channel, attempt: Handshake, kind: int, make: Callable[[], bytes]) -> bytes:
    """One message of the handshake and the payload that answers it; its tag tells answers apart."""
    attempt.tag = (attempt.tag + 1) % _TAGS
    payload = make()

    def accept(datagram: bytes) -> bytes:
        packet = wire.parse_packet(datagram, 0)
        if packet is None or packet.kind != kind + 1 or packet.payload[:1] != payload[:1]:
            raise Ignored("garbage")
        return packet.payload

    return await channel.ask(lambda: wire.outside(kind, payload), accept)
