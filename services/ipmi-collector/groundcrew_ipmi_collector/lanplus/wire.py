"""Datagrams of IPMI over LAN, packed and taken apart: RMCP and session headers, IPMI messages. Pure.

Source: IPMI 2.0 rev 1.1, tables 13-1 (RMCP header), 13-8 (session header, trailer) and 13-8 (IPMI message). What comes
from the network is hostile: a datagram that is not exactly of the form is None.
"""

import struct
from dataclasses import dataclass

RMCP = bytes([0x06, 0x00, 0xFF, 0x07])
"""Version 1.0, no sequence number (no acknowledgement wanted), class IPMI."""

PLAIN, RMCP_PLUS = 0x00, 0x06
"""Authentication types: none (outside of sessions) and the format of RMCP+."""

IPMI, OPEN_REQUEST, OPEN_RESPONSE = 0x00, 0x10, 0x11
RAKP1, RAKP2, RAKP3, RAKP4 = 0x12, 0x13, 0x14, 0x15
"""Payload types (table 13-16)."""

ENCRYPTED, AUTHENTICATED = 0x80, 0x40
_TYPE = 0x3F
_OEM_EXPLICIT = 0x02
_HEADER = struct.Struct("<BBIIH")
_NEXT_HEADER = 0x07
BMC, _CONSOLE = 0x20, 0x81
_LEAST_MESSAGE = 7
MAX_DATAGRAM = 2_048


@dataclass(frozen=True, slots=True)
class Packet:
    """A datagram of RMCP+. `signed` is what its integrity code covers, empty where it has none."""

    kind: int
    encrypted: bool
    session: int
    sequence: int
    payload: bytes
    signed: bytes = b""
    code: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """An IPMI message, either way. `code` is the completion code, 0 in a request."""

    netfn: int
    lun: int
    sequence: int
    command: int
    code: int
    data: bytes


# --- RMCP+ -----------------------------------------------------------------------------------------------------------


def outside(kind: int, payload: bytes) -> bytes:
    """A datagram of RMCP+ outside of a session: nothing is signed or encrypted."""
    return RMCP + _HEADER.pack(RMCP_PLUS, kind, 0, 0, len(payload)) + payload


def unsigned(session: int, sequence: int, sealed: bytes, code_bytes: int) -> bytes:
    """All of an encrypted IPMI datagram of a session after the RMCP header, up to where its integrity code follows.

    What is signed must be a multiple of 4 bytes with the code; the pad is FFh (13.28.4).
    """
    head = _HEADER.pack(RMCP_PLUS, IPMI | ENCRYPTED | AUTHENTICATED, session, sequence, len(sealed))
    pad = -(len(head) + len(sealed) + 2 + code_bytes) % 4
    return head + sealed + b"\xff" * pad + bytes([pad, _NEXT_HEADER])


def session_of(data: bytes) -> int:
    """Whose keys a datagram needs; 0 where it is of no session or cut."""
    start = len(RMCP)
    if len(data) < start + _HEADER.size or data[start] != RMCP_PLUS:
        return 0
    return int.from_bytes(data[start + 2 : start + 6], "little")


def parse_packet(data: bytes, code_bytes: int) -> Packet | None:
    """None for what is no datagram of RMCP+. `code_bytes`: how long the session's integrity codes are."""
    start = len(RMCP)
    body = start + _HEADER.size
    if len(data) < body or len(data) > MAX_DATAGRAM or data[3] & 0x1F != RMCP[3] or data[0] != RMCP[0]:
        return None
    form, kind, session, sequence, length = _HEADER.unpack_from(data, start)
    end = body + length
    if form != RMCP_PLUS or kind & _TYPE == _OEM_EXPLICIT or end > len(data):
        return None
    payload = data[body:end]
    if not kind & AUTHENTICATED:
        return Packet(kind & _TYPE, bool(kind & ENCRYPTED), session, sequence, payload)
    signed_to = len(data) - code_bytes
    if signed_to < end + 2 or data[signed_to - 1] != _NEXT_HEADER or data[signed_to - 2] != signed_to - 2 - end:
        return None
    return Packet(
        kind & _TYPE, bool(kind & ENCRYPTED), session, sequence, payload, data[start:signed_to], data[signed_to:]
    )


# --- outside of sessions, in the format of IPMI 1.5 ------------------------------------------------------------------


def plain(message: bytes) -> bytes:
    """A message outside of any session, as before IPMI 2.0 (table 13-8): the first question to a BMC."""
    return RMCP + struct.pack("<BIIB", PLAIN, 0, 0, len(message)) + message


def parse_plain(data: bytes) -> bytes | None:
    """The message in such a datagram."""
    start = len(RMCP) + 10
    if len(data) < start or data[0] != RMCP[0] or data[3] & 0x1F != RMCP[3] or data[4] != PLAIN:
        return None
    message = data[start : start + data[start - 1]]
    return message if len(message) == data[start - 1] else None


# --- IPMI messages ---------------------------------------------------------------------------------------------------


def request(
    netfn: int, command: int, data: bytes, *, sequence: int, lun: int = 0, to: int = BMC, of: int = _CONSOLE
) -> bytes:
    """A request with both checksums; `to` and `of` are addresses of the bus within the machine."""
    head = bytes([to, netfn << 2 | lun])
    rest = bytes([of, sequence << 2, command]) + data
    return head + _checksum(head) + rest + _checksum(rest)


def response(asked: Message, code: int, data: bytes) -> bytes:
    """The answer to a request."""
    head = bytes([_CONSOLE, (asked.netfn | 1) << 2])
    rest = bytes([BMC, asked.sequence << 2 | asked.lun, asked.command, code]) + data
    return head + _checksum(head) + rest + _checksum(rest)


def parse_request(data: bytes) -> Message | None:
    if len(data) < _LEAST_MESSAGE or sum(data[:3]) & 0xFF or sum(data[3:]) & 0xFF:
        return None
    return Message(data[1] >> 2, data[1] & 3, data[4] >> 2, data[5], 0, data[6:-1])


def parse_response(data: bytes) -> Message | None:
    if len(data) <= _LEAST_MESSAGE or sum(data[:3]) & 0xFF or sum(data[3:]) & 0xFF:
        return None
    return Message(data[1] >> 2, data[4] & 3, data[4] >> 2, data[5], data[6], data[7:-1])


def _checksum(data: bytes) -> bytes:
    return bytes([-sum(data) & 0xFF])
