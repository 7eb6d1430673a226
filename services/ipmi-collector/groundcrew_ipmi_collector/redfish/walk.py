"""Finds its way through a BMC's resources: which there are, page by page, with what cannot be read left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from groundcrew.diagnosis.redfish import is_link, listing, next_path, number, path_of, resource, words
from groundcrew.diagnosis.redfish_words import follows
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.client import Client

MAX_PAGES = 200
MAX_MEMBERS = 512
MAX_SYSTEMS = 16
MAX_MANAGERS = 8
MAX_CHASSIS = 64
MAX_LOGS = 24

LEFT_OUT = frozenset({Reason.UNSUPPORTED, Reason.PRIVILEGE, Reason.UNREADABLE, Reason.OTHER})
"""Failures of one resource; with the others the whole look fails."""

_OVERWRITES = {"WrapsWhenFull": True, "NeverOverWrites": False}
"""DSP0268, LogService.OverWritePolicy; `Unknown` says nothing."""

_COLLECTIONS = ("Memory", "Processors", "Storage", "PCIeDevices")


@dataclass(frozen=True)
class LogPlace:
    """A log that is followed. `wraps`: it overwrites its oldest entries; `most`: how many fit; None where not said."""

    name: str
    path: str
    most: int | None = None
    wraps: bool | None = None


@dataclass(frozen=True)
class EventPlace:
    """Where events come from; empty where the BMC does not offer it. `types`: whether subscriptions name types of
    events, as before EventService 1.3 (iLO 5)."""

    stream: str = ""
    subscriptions: str = ""
    types: bool = False


@dataclass
class Layout:
    """Where things are on one BMC; all paths."""

    expand: str = ""
    systems: list[str] = field(default_factory=list)
    managers: list[str] = field(default_factory=list)
    logs: list[LogPlace] = field(default_factory=list)
    thermal: list[str] = field(default_factory=list)
    power: list[str] = field(default_factory=list)
    sensors: list[str] = field(default_factory=list)
    fans: list[str] = field(default_factory=list)
    supplies: list[str] = field(default_factory=list)
    parts: dict[str, list[str]] = field(default_factory=dict)
    firmware: str = ""
    events: EventPlace = EventPlace()


async def optional(client: Client, path: str) -> Mapping[str, Any]:
    """A resource, empty where there is no path or it cannot be read. Raises IpmiFailed where the BMC cannot."""
    if not path:
        return {}
    try:
        return (await client.get(path)).body
    except IpmiFailed as failure:
        if failure.reason not in LEFT_OUT:
            raise
        return {}


async def members(client: Client, path: str, most: int = MAX_MEMBERS, expand: str = "") -> list[Mapping[str, Any]]:
    """The members of a collection, at most so many; in one request per page where the BMC expands them."""
    found: list[Mapping[str, Any]] = []
    async for member in _listed(client, path, most, expand):
        body = await optional(client, path_of(member)) if is_link(member) else resource(member)
        if body:
            found.append(body)
    return found


async def links(client: Client, path: str, most: int) -> list[str]:
    """The paths of a collection's members."""
    return [found async for member in _listed(client, path, most, "") if (found := path_of(member))]


async def _listed(client: Client, path: str, most: int, expand: str) -> Any:
    page = await optional(client, f"{path}?{expand}") if path and expand else {}
    if not page:
        page = await optional(client, path)
    count = 0
    for _ in range(MAX_PAGES):
        for member in listing(page.get("Members")):
            if count >= most:
                return
            count += 1
            yield member
        following = next_path(page)
        if not following:
            return
        page = await optional(client, following)


def expansion(root: Mapping[str, Any]) -> str:
    """The query that has members written out in their collection; empty where the service knows none (DSP0266, 7.3)."""
    query = resource(resource(root.get("ProtocolFeaturesSupported")).get("ExpandQuery"))
    if query.get("Levels") is not True:
        return ""
    if query.get("NoLinks") is True:
        return "$expand=.($levels=1)"
    return "$expand=*($levels=1)" if query.get("ExpandAll") is True else ""


async def discover(client: Client, root: Mapping[str, Any]) -> Layout:
    """Where everything is. Raises IpmiFailed(UNSUPPORTED) where the root leads nowhere."""
    layout = Layout(expand=expansion(root))
    paths = {name: path_of(root.get(name)) for name in ("Systems", "Managers", "Chassis")}
    if not any(paths.values()):
        raise IpmiFailed(Reason.UNSUPPORTED, "the service root names no systems, no managers and no chassis")
    services: list[str] = []
    layout.systems = await links(client, paths["Systems"], MAX_SYSTEMS)
    for path in layout.systems:
        system = await optional(client, path)
        services.append(path_of(system.get("LogServices")))
        for name in _COLLECTIONS:
            if collection := path_of(system.get(name)):
                layout.parts.setdefault(name, []).append(collection)
    layout.managers = await links(client, paths["Managers"], MAX_MANAGERS)
    managers = [await optional(client, path) for path in layout.managers]
    services += [path_of(manager.get("LogServices")) for manager in managers]
    for path in await links(client, paths["Chassis"], MAX_CHASSIS):
        chassis = await optional(client, path)
        services.append(path_of(chassis.get("LogServices")))
        await _chassis(client, layout, chassis)
    layout.logs = await _logs(client, services)
    update = await optional(client, path_of(root.get("UpdateService")))
    layout.firmware = path_of(update.get("FirmwareInventory"))
    layout.events = event_place(await optional(client, path_of(root.get("EventService"))))
    return layout


def event_place(service: Mapping[str, Any]) -> EventPlace:
    """Of an EventService; a service that sends metric reports over its stream too is asked for events alone."""
    if service.get("ServiceEnabled") is False:
        return EventPlace()
    stream = path_of(service.get("ServerSentEventUri"))
    if stream and "?" not in stream and resource(service.get("SSEFilterPropertiesSupported")).get("EventFormatType"):
        stream += "?$filter=EventFormatType%20eq%20Event"
    return EventPlace(
        stream=stream,
        subscriptions=path_of(service.get("Subscriptions")),
        types="EventFormatTypes" not in service and bool(listing(service.get("EventTypesForSubscription"))),
    )


async def _chassis(client: Client, layout: Layout, chassis: Mapping[str, Any]) -> None:
    for name, found in (("Thermal", layout.thermal), ("Power", layout.power), ("Sensors", layout.sensors)):
        if path := path_of(chassis.get(name)):
            found.append(path)
    if not path_of(chassis.get("Thermal")):
        cooling = await optional(client, path_of(chassis.get("ThermalSubsystem")))
        layout.fans += [path] if (path := path_of(cooling.get("Fans"))) else []
    if not path_of(chassis.get("Power")):
        feeding = await optional(client, path_of(chassis.get("PowerSubsystem")))
        layout.supplies += [path] if (path := path_of(feeding.get("PowerSupplies"))) else []


async def _logs(client: Client, services: list[str]) -> list[LogPlace]:
    paths = [path for service in dict.fromkeys(services) if service for path in await links(client, service, MAX_LOGS)]
    names = {path: path.rstrip("/").rpartition("/")[2] for path in dict.fromkeys(paths)}
    beside = frozenset(name.lower() for name in names.values())
    found: dict[str, LogPlace] = {}
    for path, name in names.items():
        if len(found) >= MAX_LOGS or not follows(name, beside):
            continue
        service = await optional(client, path)
        if service.get("ServiceEnabled") is False:
            continue
        for entries in _entries_of(service):
            most = number(service.get("MaxNumberOfRecords"))
            wraps = _OVERWRITES.get(words(service.get("OverWritePolicy")))
            found.setdefault(entries, LogPlace(name, entries, int(most) if most else None, wraps))
    return list(found.values())


def _entries_of(service: Mapping[str, Any]) -> Iterator[str]:
    """`Entries` is one collection; iLO 4 has an array of them."""
    for entry in listing(service.get("Entries")):
        if path := path_of(entry):
            yield path
