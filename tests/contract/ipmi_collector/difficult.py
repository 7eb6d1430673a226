"""A simulated BMC of our own, which does what no `ipmi_sim` can be told to do."""

from dataclasses import dataclass

from tests.bmc.fleet import Lab, our_clock

from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.records import Analog, Discrete, event
from groundcrew_ipmi_collector.lab.server import BmcServer

DRIVE, PRESENT = 0x0D, b"\x00\xff\xff"


@dataclass
class Difficult:
    """A BMC on a port, and whoever reads it."""

    lab: Lab
    bmc: SimulatedBmc
    port: int

    @property
    def server(self) -> BmcServer:
        return self.lab.servers[self.port]

    def add(self, count: int) -> None:
        def adding() -> None:
            for _ in range(count):
                self.bmc.add(event(DRIVE, 9, PRESENT))

        self.lab.do(adding)

    def is_now(self, *faults: Fault) -> None:
        self.lab.do(lambda: self.bmc.faults.clear() or self.bmc.faults.update(faults))


def ordinary(running: Lab) -> Difficult:
    """One with a temperature and a supply, both well."""
    bmc = SimulatedBmc(our_clock)
    bmc.add_sensor(Analog(number=1, name="CPU1 Temp", kind=1, unit=1))
    bmc.add_sensor(Discrete(number=2, name="PS1 Status", kind=8))
    bmc.read(1, 62)
    bmc.read(2, 0, 1)
    return Difficult(running, bmc, running.start(bmc))
