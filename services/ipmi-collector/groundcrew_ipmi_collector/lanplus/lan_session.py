"""An open session: requests signed, encrypted and numbered; answers believed only where they prove to be of it.

Source: IPMI 2.0 rev 1.1, 6.12.13 (sequence numbers and their window), 13.28.
"""

from groundcrew_ipmi_collector.lanplus import wire
from groundcrew_ipmi_collector.lanplus.channel import Channel, Ignored
from groundcrew_ipmi_collector.lanplus.suites import Keys

NETFN_APP = 0x06
_SET_PRIVILEGE, _CLOSE, _SEND_MESSAGE = 0x3B, 0x3C, 0x34
_TRACKED = 0x40
_SEQUENCES = 64


class Window:
    """Which sequence numbers were seen: none is taken twice, none that is SIZE older than the newest."""

    SIZE = 32

    def __init__(self) -> None:
        self._newest = 0
        self._seen = 1  # 0 is no number of a session

    def takes(self, sequence: int) -> bool:
        ahead = sequence - self._newest
        if ahead > 0:
            self._seen = 1 if ahead >= self.SIZE else (self._seen << ahead | 1) & (1 << self.SIZE) - 1
            self._newest = sequence
            return True
        if -ahead >= self.SIZE or self._seen >> -ahead & 1:
            return False
        self._seen |= 1 << -ahead
        return True


class LanSession:
    """Of one BMC. `bmc` and `console` are the two ids of the session."""

    def __init__(self, channel: Channel, keys: Keys, *, bmc: int, console: int) -> None:
        self.channel = channel
        self._keys = keys
        self._bmc = bmc
        self._console = console
        self._sent = 0
        self._asked = 0
        self._window = Window()
        self.answered = 0
        """How many requests it answered: one that never answered need not be opened anew."""

    async def request(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> wire.Message:
        """Raises IpmiFailed(TIMEOUT, ADDRESS). A completion code other than 0 is the caller's to judge."""
        self._asked = (self._asked + 1) % _SEQUENCES
        asked = self._asked
        message = wire.request(netfn, command, data, sequence=asked, lun=lun)

        def accept(datagram: bytes) -> wire.Message:
            said = self._opened(datagram)
            if (said.netfn, said.sequence, said.command) != (netfn | 1, asked, command):
                raise Ignored("late")
            return said

        answer = await self.channel.ask(lambda: self._sealed(message), accept)
        self.answered += 1
        return answer

    async def request_behind(
        self, target: int, channel: int, netfn: int, command: int, data: bytes = b"", *, lun: int = 0
    ) -> wire.Message:
        """A request to a satellite controller on a channel of the BMC (22.7, Send Message with tracking): the BMC says
        that it passed it on, and its answer follows. A completion code of either is the answer's."""
        self._asked = (self._asked + 1) % _SEQUENCES
        asked = self._asked
        inner = wire.request(netfn, command, data, sequence=asked, lun=lun, to=target, of=wire.BMC)
        message = wire.request(NETFN_APP, _SEND_MESSAGE, bytes([_TRACKED | channel]) + inner, sequence=asked)

        def accept(datagram: bytes) -> wire.Message:
            said = self._opened(datagram)
            if (said.netfn, said.sequence, said.command) == (netfn | 1, asked, command):
                return said
            if (said.netfn, said.sequence, said.command) != (NETFN_APP | 1, asked, _SEND_MESSAGE):
                raise Ignored("late")
            if said.code == 0:
                raise Ignored("")
            return said

        return await self.channel.ask(lambda: self._sealed(message), accept)

    async def set_privilege(self, level: int) -> wire.Message:
        return await self.request(NETFN_APP, _SET_PRIVILEGE, bytes([level]))

    async def close(self) -> None:
        """Close Session; raises IpmiFailed where the BMC does not answer that."""
        await self.request(NETFN_APP, _CLOSE, self._bmc.to_bytes(4, "little"))

    def close_at_once(self) -> None:
        """Close Session without waiting for the answer."""
        message = wire.request(NETFN_APP, _CLOSE, self._bmc.to_bytes(4, "little"), sequence=0)
        self.channel.send(self._sealed(message))

    def _sealed(self, message: bytes) -> bytes:
        self._sent += 1
        keys = self._keys
        signed = wire.unsigned(self._bmc, self._sent, keys.seal(message), keys.suite.code_bytes)
        return wire.RMCP + signed + keys.code(signed)

    def _opened(self, datagram: bytes) -> wire.Message:
        packet = wire.parse_packet(datagram, self._keys.suite.code_bytes)
        if packet is None or packet.kind != wire.IPMI or packet.session != self._console:
            raise Ignored("garbage")
        if not packet.encrypted or not self._keys.proves(packet.signed, packet.code):
            raise Ignored("unsigned")
        if not self._window.takes(packet.sequence):
            raise Ignored("replayed")
        payload = self._keys.open(packet.payload)
        said = None if payload is None else wire.parse_response(payload)
        if said is None:
            raise Ignored("garbage")
        return said
