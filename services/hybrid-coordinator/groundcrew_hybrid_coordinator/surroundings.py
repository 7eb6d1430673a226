"""What the inventory and the packs say, as notes. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from groundcrew.contracts.identity import host
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost
from groundcrew.contracts.knowledge import Collection
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew_hybrid_coordinator.notes import Note

MAX_LISTED = 60
"""Names in one text at most; the number of the others is told."""

Notes = Mapping[Collection, Sequence[Note]]

INVENTORY = "inventory/"
PACK = "pack/"


def of_inventory(inventory: Inventory, now: datetime) -> Notes:
    """Hosts and BMCs, and what hangs together."""
    systems = [
        Note(ref=f"{INVENTORY}{host(one.name)}", text=_host(one), time=now, entity=host(one.name))
        for one in inventory.host
    ]
    in_hosts = {one.bmc: one.name for one in inventory.host if one.bmc}
    systems += [
        Note(
            ref=f"{INVENTORY}bmc:{one.name}", text=_bmc(one, in_hosts.get(one.name, "")), time=now,
            entity=f"bmc:{one.name}",
        )
        for one in inventory.bmc
    ]  # fmt: skip
    return {Collection.SYSTEMS: systems, Collection.RELATIONSHIPS: _relationships(inventory, now)}


def of_packs(knowledge: Knowledge, now: datetime) -> Notes:
    """What each cause means, and what to do about it."""
    causes = [one for one in knowledge.cause if one.id != UNKNOWN]
    return {
        Collection.KNOWLEDGE: [Note(ref=f"{PACK}{one.id}", text=_meaning(one, knowledge), time=now) for one in causes],
        Collection.BEST_PRACTICES: [Note(ref=f"{PACK}{one.id}", text=_practice(one), time=now) for one in causes],
    }


def _host(one: InventoryHost) -> str:
    facts = {
        "Role": one.role,
        "Model": f"{one.vendor} {one.model}".strip(),
        "Serial number": one.serial,
        "Place": " ".join(filter(None, (one.rack and f"rack {one.rack}", one.unit))),
        "Address": one.address,
        "BMC": " ".join(filter(None, (one.bmc, one.bmc_address and f"at {one.bmc_address}"))),
        "Power feeds": _listed(one.pdu),
        "Switch": one.switch,
        "GPUs": str(one.gpus) if one.gpus else "",
        "Parts": _listed(
            " ".join(filter(None, (part.component_class, part.locator, part.model, part.serial))) for part in one.part
        ),
    }
    return "\n".join([f"Host {one.name}", *(f"{name}: {value}" for name, value in facts.items() if value)])


def _bmc(one: InventoryBmc, of: str) -> str:
    """How it is reached, but for who may: names of users and files are nobody's context."""
    lines = [f"BMC {one.name}" + (f" of host {of}" if of else "")]
    if one.address:
        lines.append(f"Address: {one.address}, {one.protocol} on port {one.port}")
    if one.vendor:
        lines.append(f"Vendor: {one.vendor}")
    return "\n".join(lines)


def _relationships(inventory: Inventory, now: datetime) -> list[Note]:
    shared: dict[str, list[str]] = defaultdict(list)
    for one in inventory.host:
        for feed in dict.fromkeys(one.pdu):
            shared[f"pdu:{feed}"].append(one.name)
        if one.switch:
            shared[f"switch:{one.switch}"].append(one.name)
        if one.rack:
            shared[f"rack:{one.rack}"].append(one.name)
    verbs = {"pdu": "Feed {} powers", "switch": "Switch {} connects", "rack": "Rack {} holds"}
    notes = []
    for entity, names in shared.items():
        kind, _, name = entity.partition(":")
        text = f"{verbs[kind].format(name)} {len(names)} hosts: {_listed(names)}"
        notes.append(Note(ref=f"{INVENTORY}{entity}", text=text, time=now, entity=entity))
    needs: dict[str, list[str]] = defaultdict(list)
    for link in inventory.dependency:
        needs[link.entity].append(f"{link.on} ({link.kind})")
    for entity, needed in needs.items():
        text = f"{entity} depends on {_listed(needed)}"
        notes.append(Note(ref=f"{INVENTORY}needs/{entity}", text=text, time=now, entity=entity))
    return notes


def _meaning(one: CauseEntry, knowledge: Knowledge) -> str:
    lines = [f"{_title(one)} ({one.id}, {one.severity.value})", one.explanation]
    if brings := [_title(knowledge.get(name)) for name in one.explains]:
        lines.append(f"It can bring about: {'; '.join(brings)}")
    return "\n".join(lines)


def _practice(one: CauseEntry) -> str:
    steps = one.steps_for("", "the host")
    lines = [f"What to do: {_title(one)}", one.explanation, *(f"{n}. {step}" for n, step in enumerate(steps, 1))]
    return "\n".join(lines)


def _title(one: CauseEntry) -> str:
    return one.title_for("", "a host")


def _listed(names: Iterable[str]) -> str:
    everything = list(names)
    more = len(everything) - MAX_LISTED
    return ", ".join(everything[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
