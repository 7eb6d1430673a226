"""The collector is killed while event logs of BMCs grow, wrap round and are cleared; then the store is compared.

The oracle. Each record that a simulated BMC ever logged is known, with the moment at which the BMC itself dropped it
(its log was full and the oldest went, or it was cleared), and with the lives of the collector in which it was handed
out. A life begins with the start of the process and ends with its kill.

- **Doubled**: a record that is in the store under more than one id.
- **Lost**: a record that is not in the store although its BMC still holds it at the end; or that was handed out in a
  life in which a later record of the same log was handed out too and reached the store; or that was dropped without
  the collector telling, afterwards, that this BMC's log was cleared or had lost records. What was dropped before the
  collector had stored anything of that BMC is left out: nobody had read that log before.
- **Dropped by its BMC**: a record that is not in the store because the BMC dropped it before a life of the collector
  could write it down, and that is told. Nobody can read what is gone.

The store is the context store of `stores/context/memory.py`, which answers as PostgreSQL does (one suite holds both to
it); it is fed every message that the collector's processes published, the repeated ones too.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bmc.redfish.bmc import PASSWORD, USER, RedfishBmc
from tests.bmc.redfish.certificates import certified
from tests.bmc.redfish.server import serving
from tests.conftest import free_port

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.event_logs import EventLogBatch, LogChange
from groundcrew.contracts.identity import bmc as bmc_entity
from groundcrew.contracts.inventory import Inventory, InventoryBmc
from groundcrew.contracts.observations import SelBatch
from groundcrew.contracts.queries import SelQuery
from groundcrew.contracts.streams import decode
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew_ipmi_collector.lab.bmc import Answer
from groundcrew_ipmi_collector.lab.machines import machine
from groundcrew_ipmi_collector.lab.records import event
from groundcrew_ipmi_collector.lab.server import BmcServer

COLLECTING = Path(__file__).parent.parent / "contract" / "ipmi_collector" / "collecting.py"
CAPACITY = 150
_SETTLED_LOOKS = 9
"""So many looks after the last change: of a log that was cleared and stays empty it takes six to tell."""

PAST_S = 50_000_000
"""Stamps count up from so long ago, one second for each record, so that a stamp names its record."""


@dataclass
class Logged:
    """A record, by its place in the BMC's history. `log` counts clears; `dropped_us` is when the BMC let it go."""

    log: int
    lives: set[int] = field(default_factory=set)
    dropped_us: int | None = None


@dataclass
class History:
    """All that one BMC ever logged, by the second that its stamp says."""

    name: str
    records: dict[int, Logged] = field(default_factory=dict)
    log: int = 0
    clears: int = 0
    life: int = 0

    def handed_out(self, second: int) -> None:
        if second in self.records:
            self.records[second].lives.add(self.life)

    def keep(self, held: set[int]) -> None:
        """What the BMC holds now; the rest it dropped."""
        now_us = time.time_ns() // 1_000
        for second, record in self.records.items():
            if record.dropped_us is None and second not in held:
                record.dropped_us = now_us


class IpmiMachine:
    """A simulated BMC over IPMI whose history is kept."""

    def __init__(self, name: str, place: int, start_s: int) -> None:
        self.history = History(name)
        self._next = start_s
        self.bmc = machine(place, lambda: int(time.time()), sensor_count=1, record_count=0)
        self.bmc.capacity = CAPACITY
        answered = self.bmc.answer

        def answer(netfn: int, command: int, data: bytes) -> Answer:
            told = answered(netfn, command, data)
            if (netfn, command) == (0x0A, 0x43) and told[0] == 0 and len(told[1]) == 18:
                self.history.handed_out(int.from_bytes(told[1][5:9], "little"))
            return told

        self.bmc.answer = answer  # type: ignore[method-assign]
        self.server: BmcServer | None = None

    def forget_sessions(self) -> None:
        """Those of a killed process: a BMC ends them after a minute of silence, which is not waited for here."""
        if self.server is not None:
            self.server.forget_sessions()

    def add(self, count: int, chance: random.Random) -> None:
        for _ in range(count):
            self.history.records[self._next] = Logged(self.history.log)
            self.bmc.add(event(0x0D, 5, bytes([0, 0xFF, chance.randrange(256)]), seconds=self._next))
            self._next += 1
        self._kept()

    def clear(self) -> None:
        self.bmc.clear()
        self.history.log += 1
        self.history.clears += 1
        self._kept()

    def _kept(self) -> None:
        self.history.keep({int.from_bytes(one[3:7], "little") for one in self.bmc.log})


class RedfishMachine:
    """A simulated BMC over Redfish whose history is kept."""

    def __init__(self, name: str, start_s: int, **shape: Any) -> None:
        self.history = History(name)
        self._next = start_s
        self.bmc = RedfishBmc(keeps=CAPACITY, **shape)
        answered = self.bmc.answer

        def answer(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
            told = answered(method, target, headers, body)
            if "/Entries" in target and told.status == 200:
                found = json.loads(told.body)
                for one in found.get("Members", [found]):
                    if message := one.get("Message"):
                        self.history.handed_out(int(message.rpartition(" ")[2]))
            return told

        self.bmc.answer = answer  # type: ignore[method-assign]

    def forget_sessions(self) -> None:
        """The collector ends by itself what it left."""

    def add(self, count: int, chance: random.Random) -> None:
        for _ in range(count):
            self.history.records[self._next] = Logged(self.history.log)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._next))
            self.bmc.add(1, f"event {self._next}", Created=stamp)
            self._next += 1
        self._kept()

    def clear(self) -> None:
        self.bmc.clear()
        self.history.log += 1
        self.history.clears += 1
        self._kept()

    def _kept(self) -> None:
        self.history.keep({int(one["Message"].rpartition(" ")[2]) for one in self.bmc.entries})


Machine = IpmiMachine | RedfishMachine


@dataclass
class Outcome:
    """What was found."""

    kills: int = 0
    logged: int = 0
    stored: int = 0
    repeated: int = 0
    clears: int = 0
    dropped: int = 0
    told: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


async def killed_while_logs_change(folder: Path, *, kills: int, ipmi: int, redfish: int, seed: int) -> Outcome:
    """So many kills at random moments."""
    chance = random.Random(seed)
    start_s = int(time.time()) - PAST_S
    async with contextlib.AsyncExitStack() as stack:
        machines, inventory = await _fleet(stack, folder, ipmi, redfish, start_s)
        named, published = folder / "inventory.json", folder / "published"
        named.write_text(inventory.model_dump_json())
        published.touch()
        section = {
            "state_dir": str(folder / "state"), "backend": "native", "user": "groundcrew", "password": "secret",
            "interval_s": 1, "sensors_interval_s": 3_600, "redfish_parts_s": 86_400,
        }  # fmt: skip
        command = [sys.executable, str(COLLECTING), json.dumps(section), str(named), str(published)]
        driving = asyncio.create_task(_drive(machines, chance))
        starts: list[int] = []
        for life in range(kills):
            _live(machines, life)
            starts.append(time.time_ns() // 1_000)
            await _killed(command, folder, published, chance)
            await asyncio.sleep(chance.uniform(0, 0.3))
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        await asyncio.sleep(1.1)  # a BMC says to the second when its log was cleared
        for one in {machines[0], machines[-1]}:  # what nobody read is dropped, and nothing follows
            one.add(3, chance)
            one.clear()
        _live(machines, kills)
        starts.append(time.time_ns() // 1_000)
        await _settled(command, folder, published, machines)
    return await _compared(published.read_bytes(), starts, machines)


async def _fleet(
    stack: contextlib.AsyncExitStack, folder: Path, ipmi: int, redfish: int, start_s: int
) -> tuple[list[Machine], Inventory]:
    machines: list[Machine] = []
    entries = []
    for place in range(ipmi):
        one, port = IpmiMachine(f"ipmi-{place}", place, start_s), free_port()
        one.server = await BmcServer.serve(one.bmc, port, user="groundcrew", password="secret")
        stack.callback(one.server.close)
        machines.append(one)
        entries.append(InventoryBmc(name=one.history.name, address="127.0.0.1", port=port, protocol="ipmi"))
    certificates = certified(folder) if redfish else None
    shapes: list[dict[str, Any]] = [{}, {"newest_first": False}, {"linked": True, "page": 40}, {"page": 7}]
    for place in range(redfish):
        assert certificates is not None
        made = RedfishMachine(f"redfish-{place}", start_s, uuid=f"{place:08}-0", **shapes[place % len(shapes)])
        served = await stack.enter_async_context(serving(made.bmc, certificates.context))
        machines.append(made)
        entries.append(
            InventoryBmc(
                name=made.history.name, address="127.0.0.1", redfish_port=served.port, protocol="redfish", user=USER,
                password_env="BMC_KILL_PASSWORD", tls_fingerprint=certificates.fingerprint,
            )
        )  # fmt: skip
    return machines, Inventory(bmc=entries)


def _live(machines: list[Machine], life: int) -> None:
    for one in machines:
        one.history.life = life
        one.forget_sessions()


async def _drive(machines: list[Machine], chance: random.Random) -> None:
    """Logs grow by a few records, now and then by more than fits, and are cleared."""
    while True:
        one, dice = chance.choice(machines), chance.random()
        if dice < 0.03:
            one.clear()
        elif dice < 0.06:
            one.add(chance.randrange(CAPACITY // 2, 2 * CAPACITY), chance)
        else:
            one.add(chance.randrange(1, 6), chance)
        await asyncio.sleep(0.03)


async def _killed(command: list[str], folder: Path, published: Path, chance: random.Random) -> None:
    """A life: until some moment after the first message, which comes once a BMC was read."""
    before = published.stat().st_size
    async with _running(command, folder) as process:
        for _ in range(300):
            if published.stat().st_size > before:
                break
            assert process.returncode is None, (folder / "said").read_text()[-2_000:]
            await asyncio.sleep(0.02)
        await asyncio.sleep(chance.uniform(0, 2.0))


async def _settled(command: list[str], folder: Path, published: Path, machines: list[Machine]) -> None:
    """The last life, in which nothing happens any more: until each BMC's log was followed in two looks that began with
    it."""
    start = published.stat().st_size
    async with _running(command, folder):
        for _ in range(360):
            await asyncio.sleep(0.5)
            followed: dict[str, int] = {}
            for line in published.read_bytes()[start:].splitlines():
                if b'"observe.inventory"' in line and b'"bmc:' in line:
                    envelope = decode(line)
                    well = any(one.name == "sel" and one.state == "present" for one in envelope.data.sources)
                    followed[envelope.entity] = followed.get(envelope.entity, 0) + 1 if well else 0
            if len(followed) == len(machines) and min(followed.values()) >= _SETTLED_LOOKS:
                return
        msg = f"within 180 s not every log was followed: {followed} of {len(machines)} BMCs"
        raise TimeoutError(msg)


@contextlib.asynccontextmanager
async def _running(command: list[str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / "said").open("wb") as said:
        environment = {**os.environ, "BMC_KILL_PASSWORD": PASSWORD}
        process = await asyncio.create_subprocess_exec(*command, stdout=said, stderr=said, env=environment)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _compared(published: bytes, starts: list[int], machines: list[Machine]) -> Outcome:
    store, outcome = MemoryContextStore(), Outcome(kills=len(starts) - 1)
    first_life: dict[str, int] = {}
    changes: dict[str, list[int]] = {}
    began: dict[str, int] = {}
    seen: set[str] = set()
    for line in published.splitlines():
        envelope = decode(line)
        if isinstance(envelope.data, SelBatch):
            outcome.repeated += envelope.id in seen
            read_us = to_us(envelope.received_at)  # what a killed process left is told with when it was read
            life = sum(start <= read_us for start in starts) - 1
            began.setdefault(envelope.entity, read_us)
            seen.add(envelope.id)
            await store.record_sel(envelope)
            for row_id in envelope.data.ids:
                first_life.setdefault(row_id, life)
        elif isinstance(envelope.data, EventLogBatch):
            await store.record_event_logs(envelope)
    for one in machines:
        entity = bmc_entity(one.history.name)
        told = await store.event_log_changes("demo", entity)
        changes[one.history.name] = [to_us(change.time) for change in told if change.change is not LogChange.NONE]
        for change in told:
            outcome.told[change.change.value] = outcome.told.get(change.change.value, 0) + 1
        first_us = began.get(entity, sys.maxsize)
        known = {s: r for s, r in one.history.records.items() if r.dropped_us is None or r.dropped_us >= first_us}
        outcome.logged += len(one.history.records)
        outcome.dropped += len(one.history.records) - len(known)
        dropped = one.history.records.keys() - known.keys()
        one.history.records = known
        await _compare_one(store, one.history, first_life, changes[one.history.name], dropped, outcome)
    return outcome


async def _stored(store: MemoryContextStore, name: str) -> dict[int, list[str]]:
    """Ids in the store by second."""
    found: dict[int, list[str]] = {}
    cursor, more = None, True
    while more:
        page = await store.sel("demo", bmc_entity(name), SelQuery(limit=1_000, cursor=cursor))
        for entry in page.items:
            found.setdefault(int(entry.time.timestamp()), []).append(entry.id)
        cursor, more = page.next, page.next is not None
    return found


async def _compare_one(
    store: MemoryContextStore,
    history: History,
    first_life: dict[str, int],
    changes: list[int],
    dropped: set[int],
    outcome: Outcome,
) -> None:
    stored = await _stored(store, history.name)
    outcome.stored += len(stored)
    outcome.clears += history.clears
    outcome.doubled += [f"{history.name} {second}" for second, ids in stored.items() if len(ids) > 1]
    never = stored.keys() - history.records.keys() - dropped
    outcome.lost += [f"{history.name} {one}: stored, never logged" for one in never]
    newest: dict[tuple[int, int], int] = {}
    for second, ids in stored.items():
        record = history.records.get(second)
        for life in record.lives if record else ():
            if first_life[ids[0]] == life and record is not None:
                key = (record.log, life)
                newest[key] = max(newest.get(key, 0), second)
    for second, record in history.records.items():
        if second in stored:
            continue
        why = ""
        if record.dropped_us is None:
            why = "its BMC still holds it"
        elif any(newest.get((record.log, life), 0) > second for life in record.lives):
            why = "a later one that was read with it is stored"
        elif not any(time_us >= record.dropped_us for time_us in changes):
            why = "nobody told that it was dropped"
        if why:
            outcome.lost.append(f"{history.name} {second}: {why}")
        else:
            outcome.dropped += 1
