"""Whatever comes from the network: nothing raises but what is meant to, and nothing is believed that is not proven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew_ipmi_collector.lanplus import wire
from groundcrew_ipmi_collector.lanplus.channel import Ignored
from groundcrew_ipmi_collector.lanplus.handshake import Handshake
from groundcrew_ipmi_collector.lanplus.lan_session import LanSession, Window
from groundcrew_ipmi_collector.lanplus.suites import SUITES, Keys, Suite
from groundcrew_ipmi_collector.reason import IpmiFailed

BMC, CONSOLE = 0x0102_0304, 0x0506_0708
any_datagram = st.one_of(
    st.binary(max_size=120),
    st.binary(max_size=120).map(lambda rest: wire.RMCP + rest),
    st.binary(max_size=120).map(lambda rest: wire.RMCP + bytes([wire.RMCP_PLUS]) + rest),
)
any_suite = st.sampled_from(list(SUITES.values()))


@given(any_datagram, st.sampled_from([0, 12, 16]))
def test_no_datagram_makes_the_parsers_raise(data: bytes, code_bytes: int):
    packet = wire.parse_packet(data, code_bytes)
    if packet is not None:
        assert packet.signed + packet.code in data, "it is made of what came"
    wire.parse_plain(data)
    wire.session_of(data)
    wire.parse_request(data)
    wire.parse_response(data)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_what_is_packed_is_taken_apart_again(payload: bytes, data: bytes):
    packet = wire.parse_packet(wire.outside(wire.RAKP2, payload), 0)
    assert packet is not None
    assert (packet.kind, packet.payload, packet.encrypted) == (wire.RAKP2, payload, False)
    message = wire.request(0x0A, 0x43, data, sequence=63, lun=2)
    assert wire.parse_request(message) == wire.Message(0x0A, 2, 63, 0x43, 0, data)


def sealed_by_bmc(keys: Keys, message: bytes, *, sequence: int) -> bytes:
    signed = wire.unsigned(CONSOLE, sequence, keys.seal(message), keys.suite.code_bytes)
    return wire.RMCP + signed + keys.code(signed)


def session_of(suite: Suite) -> tuple[LanSession, Keys]:
    keys = Keys(suite, b"k" * 20)
    return LanSession(None, keys, bmc=BMC, console=CONSOLE), keys  # type: ignore[arg-type]


@given(any_suite, st.binary(max_size=100))
def test_an_answer_of_the_session_is_believed_once(suite: Suite, data: bytes):
    session, keys = session_of(suite)
    asked = wire.Message(0x0A, 0, 5, 0x43, 0, b"")
    datagram = sealed_by_bmc(keys, wire.response(asked, 0xC1, data), sequence=7)
    assert session._opened(datagram) == wire.Message(0x0B, 0, 5, 0x43, 0xC1, data)
    with pytest.raises(Ignored, match="replayed"):
        session._opened(datagram)


@given(any_suite, st.data())
def test_an_answer_of_which_any_bit_was_changed_is_not_believed(suite: Suite, data: st.DataObject):
    session, keys = session_of(suite)
    asked = wire.Message(0x0A, 0, 5, 0x43, 0, b"")
    datagram = bytearray(sealed_by_bmc(keys, wire.response(asked, 0, b"figures"), sequence=7))
    bit = data.draw(st.integers(8 * len(wire.RMCP), 8 * len(datagram) - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Ignored):
        session._opened(bytes(datagram))


@given(any_suite, any_datagram)
def test_a_datagram_of_anybody_is_ignored_within_a_session(suite: Suite, data: bytes):
    session, _ = session_of(suite)
    with pytest.raises(Ignored):
        session._opened(data)


@given(any_suite, st.binary(max_size=80))
def test_what_is_signed_but_no_message_is_ignored(suite: Suite, payload: bytes):
    session, keys = session_of(suite)
    with pytest.raises(Ignored, match="garbage"):
        session._opened(sealed_by_bmc(keys, payload + b"\0", sequence=1))


@given(any_suite, st.binary(max_size=120), st.sampled_from(["opened", "rakp2", "finished"]))
def test_a_handshake_that_is_answered_anyhow_fails_with_a_reason(suite: Suite, payload: bytes, step: str):
    attempt = Handshake(b"user", b"password", suite, 3)
    with pytest.raises(IpmiFailed) as failure:
        getattr(attempt, step)(payload)
    assert "password" not in str(failure.value).replace("user or password", "")
    assert "b'password'" not in repr(attempt)


@given(st.lists(st.one_of(st.integers(1, 120), st.integers(0, 2**32 - 1)), max_size=80))
def test_no_sequence_number_is_taken_twice_and_none_that_is_too_old(numbers: list[int]):
    window = Window()
    taken: set[int] = {0}
    for number in numbers:
        newest = max(taken)
        if window.takes(number):
            assert number not in taken
            assert number > newest - Window.SIZE
            taken.add(number)
        else:
            assert number in taken or number <= newest - Window.SIZE or number == 0
