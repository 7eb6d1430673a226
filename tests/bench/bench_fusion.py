"""Fusion and ranking of trigger events: cost by event at a fleet of ten thousand hosts, and what it grows with."""

import gc
import random
import resource
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Severity, TriggerRaised
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.fusion import Fusion
from groundcrew.runtime.packs import load_packs

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
MADE_BY = ProducedBy(service="trigger", version="bench")
PER_RACK = 40

FAULTS = (
    (("psu.input_lost", "PSU2"), ("gpu.fallen_off_bus", "GPU {n}"), ("software.failed", "job-{n}.service")),
    (("disk.failed", "sdc"), ("filesystem.readonly", "/data{n}"), ("software.failed", "store-{n}.service")),
    (("fan.failed", "FAN3"), ("gpu.thermal", "GPU {n}"), ("gpu.application_error", "GPU {n}")),
    (("dimm.uncorrectable", "P1-DIMMA1"), ("cpu.mce", "CPU{n}"), ("software.program_crashed", "worker-{n}")),
    (
        ("nic.link_flap", "eth0"),
        ("network.unreachable", "10.0.0.{n}"),
        ("filesystem.remote_unavailable", "nfs{n}.{h}"),
    ),
)
"""What the faults of a host show, as cause and part: one that brings the others about, which are counted by `n`."""


def fleet(hosts: int) -> Inventory:
    """Racks of forty with two feeds and a switch each."""
    entries = []
    for index in range(hosts):
        rack = index // PER_RACK
        entries.append(
            InventoryHost(
                name=f"n{index:05d}", bmc=f"n{index:05d}-bmc", rack=f"r{rack}", pdu=[f"p{rack}a", f"p{rack}b"],
                switch=f"s{rack}",
            )
        )  # fmt: skip
    return Inventory(revision=1, host=entries)


def event(host: str, cause: str, part: str, at: float, number: int) -> Envelope[TriggerRaised]:
    when = START + timedelta(seconds=at)
    entity = f"host:{host}"
    trigger_id = stable_id("bench", host, cause, part, number)
    evidence = Evidence(
        id=stable_id("evidence", trigger_id),
        source=EvidenceSource.JOURNAL,
        ref=f"cursor-{number}",
        time=when,
        entity=entity,
        text=f"kernel: {cause} at {part}, for the {number}th time",
        rule_id=cause,
        component=part,
        trigger_id=trigger_id,
    )
    data = TriggerRaised(
        rule_id=cause,
        severity=Severity.WARNING,
        title=f"{cause} {part}",
        causes=[cause],
        component_class=cause.partition(".")[0],
        component=part,
        first_seen=when,
        last_seen=when,
        evidence=[evidence],
    )
    return seal(
        data, id=trigger_id, site="bench", entity=entity, time=when, received_at=when, source="rules",
        position=str(number), produced_by=MADE_BY,
    )  # fmt: skip


def events(
    hosts: Sequence[str], symptoms: int, count: int, seed: int, begin_s: float = 0, known: int = 0
) -> Iterator[Envelope[TriggerRaised]]:
    """`count` trigger events of these hosts, each with one kind of fault that shows as so many symptoms, within ten
    minutes from `begin_s` on; the first `known` of the symptoms are left out."""
    picked = random.Random(seed)
    for number in range(count):
        host = hosts[number % len(hosts)]
        kinds = FAULTS[int(host[1:]) // 7 % len(FAULTS)]
        which = picked.randrange(known, symptoms) if known or number >= len(hosts) else 0
        cause, part = kinds[1 + which % (len(kinds) - 1) if which else 0]
        part = part.format(n=which // (len(kinds) - 1), h=host)
        yield event(host, cause, part, begin_s + number * 600 / count, seed * 10_000_000 + number)


def struck(hosts: int, share: float) -> list[str]:
    every = max(1, round(1 / share))
    return [f"n{index:05d}" for index in range(0, hosts, every)]


def measure(
    knowledge: Knowledge, hosts: int, faulty: Sequence[str], symptoms: int, held: int, more: int, new: int = 0
) -> list[float]:
    """Seconds of each of `more` trigger events, once `held` are open: repeats, or up to `new` more symptoms a host."""
    fusion = Fusion(knowledge, fleet(hosts))
    for one in events(faulty, symptoms, held, 1):
        fusion.keep(fusion.fuse(one))
    gc.collect()
    took = []
    told = events(faulty, symptoms + new, more, 2, begin_s=600, known=symptoms if new else 0)
    for one in list(told):
        began = time.perf_counter()
        fusion.keep(fusion.fuse(one))
        took.append(time.perf_counter() - began)
    return sorted(took)


def row(label: str, took: Sequence[float], more: str = "") -> str:
    def at(share: float) -> str:
        return f"{took[min(len(took) - 1, int(share * len(took)))] * 1e3:.2f}"

    return f"| {label} | {at(0.5)} | {at(0.99)} | {took[-1] * 1e3:.2f} | {more}|"


def main(arguments: Sequence[str]) -> None:
    parser = ArgumentParser(prog="bench fusion", description=__doc__)
    parser.add_argument("--held", type=int, default=100_000, help="open trigger events before measuring")
    parser.add_argument("--more", type=int, default=5_000, help="trigger events measured")
    given = parser.parse_args(arguments)
    knowledge = Knowledge.parse_layers((file.name, file.text) for file in load_packs().texts("causes"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("One trigger event through fusion, grouping and ranking, in milliseconds.\n")
    print("| what | p50 | p99 | most | memory |\n|---|---|---|---|---|")
    took = measure(knowledge, 10_000, struck(10_000, 0.01), 40, given.held, given.more)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    label = f"10,000 hosts, 1 % with faults of 40 symptoms, {given.held:,} open trigger events (aim: p99 2 ms, 500 MB)"
    print(row(label, took, f"{peak:.0f} MiB, {peak - before:.0f} over imports and packs "))
    took = measure(knowledge, 10_000, struck(10_000, 0.01), 20, 10_000, 500, new=10)
    print(row("the same with 20 symptoms each and 10,000 events, and 500 events of mostly new symptoms", took))
    for hosts in (100, 1_000, 10_000, 50_000):
        took = measure(knowledge, hosts, struck(100, 0.1), 10, 2_000, given.more // 5)
        print(row(f"the same 10 hosts with 10 symptoms each, in a fleet of {hosts:,}", took))
    for symptoms in (5, 20, 50, 100, 200):
        took = measure(knowledge, 1_000, struck(1_000, 0.01), symptoms, 20 * symptoms, given.more // 5)
        print(row(f"10 of 1,000 hosts with {symptoms} symptoms each", took))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
