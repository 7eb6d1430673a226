"""What an incident touches, drawn: the part, its host, what that hangs on, and how the others on it are.

Positions are in pixels of a drawing WIDTH wide; the template draws them as SVG and says the same in words below.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.incidents import Incident, Severity
from groundcrew.contracts.inventory import Inventory
from groundcrew_gateway.pages.place import natural, place_of

WIDTH = 700
MAX_HOSTS = 6
MAX_ELEMENTS = 8
MAX_NAMED = 3
_ROW = 58
_BOX = 44
_COLUMNS = ((0, 180), (236, 180), (472, 228))
"""Left edge and width of the columns: part, host, what it hangs on."""


@dataclass(frozen=True)
class Box:
    """`state` is how it is: critical, warning, well, or empty where nothing says; `culprit`: the cause lies here."""

    x: int
    y: int
    width: int
    name: str
    says: str
    href: str = ""
    state: str = ""
    culprit: bool = False

    @property
    def height(self) -> int:
        return _BOX

    @property
    def middle(self) -> int:
        return self.y + _BOX // 2


@dataclass(frozen=True)
class Link:
    """A line between two boxes."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass
class Drawing:
    height: int
    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The same as text, box by box."""
        return [f"{box.name}: {box.says}" for box in self.boxes if box.says]


def affected(incident: Incident, inventory: Inventory, others: Sequence[Incident]) -> Drawing:
    """`others` are the live incidents of the site: they say how its hosts are."""
    worst = _worst([incident, *others])
    hosts = sorted(incident.hosts, key=natural)
    elements = _elements(incident, inventory, hosts)
    rows = max(min(len(hosts), MAX_HOSTS + 1), len(elements), 1)
    drawing = Drawing(rows * _ROW)
    drawn = _hosts(incident, hosts, worst, rows)
    drawing.boxes += [*_part(incident, drawn), *drawn]
    if drawing.boxes and drawing.boxes[0] not in drawn:
        part = drawing.boxes[0]
        drawing.links += [Link(part.x + part.width, part.middle, box.x, box.middle) for box in drawn[:1]]
    for number, (kind, name, on_it) in enumerate(elements):
        box = _element(
            incident, kind, name, [one for one in on_it if one not in hosts], worst, _y(number, len(elements), rows)
        )
        drawing.boxes.append(box)
        drawing.links += [
            Link(one.x + one.width, one.middle, box.x, box.middle)
            for one in drawn
            if one.name in on_it or one.name not in hosts
        ]
    return drawing


def _worst(incidents: Sequence[Incident]) -> Mapping[str, Severity]:
    found: dict[str, Severity] = {}
    for one in incidents:
        if one.resolved_at is not None:
            continue
        for name in one.hosts:
            if name not in found or one.severity.rank > found[name].rank:
                found[name] = one.severity
    return found


def _elements(incident: Incident, inventory: Inventory, hosts: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """(kind, name, hosts on it) of what the hosts hang on; of several hosts, what at least two share."""
    on: dict[tuple[str, str], set[str]] = {}
    shared_by: Counter[tuple[str, str]] = Counter()
    for name in hosts:
        for one in place_of(inventory, name).shared:
            on.setdefault((one.kind, one.name), set()).update([name, *one.others])
            shared_by[one.kind, one.name] += 1
    wanted = [key for key in on if len(hosts) == 1 or shared_by[key] > 1 or _is_culprit(incident, *key)]
    wanted.sort(key=lambda key: (not _is_culprit(incident, *key), -shared_by[key], key))
    return [(*key, sorted(on[key], key=natural)) for key in wanted[:MAX_ELEMENTS]]


def _is_culprit(incident: Incident, kind: str, name: str) -> bool:
    kinds = {"pdu": "feed"}
    entity_kind = kind_of(incident.entity)
    return (kinds.get(entity_kind, entity_kind), name_of(incident.entity)) == (kind, name)


def _y(number: int, count: int, rows: int) -> int:
    """Boxes of a column stand in the middle of the drawing."""
    return (rows - count) * _ROW // 2 + number * _ROW + (_ROW - _BOX) // 2


def _hosts(incident: Incident, hosts: Sequence[str], worst: Mapping[str, Severity], rows: int) -> list[Box]:
    shown = list(hosts[:MAX_HOSTS])
    count = len(shown) + (len(hosts) > MAX_HOSTS)
    x, width = _COLUMNS[1]
    boxes = []
    for number, name in enumerate(shown):
        state = worst[name].value if name in worst else "well"
        says = "over again" if incident.resolved_at is not None and name not in worst else state
        boxes.append(
            Box(x, _y(number, count, rows), width, name, "healthy" if says == "well" else says, _host_href(name), state)
        )
    if len(hosts) > MAX_HOSTS:
        left = len(hosts) - MAX_HOSTS
        boxes.append(
            Box(x, _y(MAX_HOSTS, count, rows), width, f"{left} more host{'' if left == 1 else 's'}", "in this incident")
        )
    return boxes


def _part(incident: Incident, hosts: Sequence[Box]) -> list[Box]:
    """The part that is blamed, beside its host; where several hosts share the fault, it is one of what they hang on."""
    if not incident.cause.component or len(incident.hosts) != 1 or kind_of(incident.entity) not in ("host", "bmc"):
        return []
    x, width = _COLUMNS[0]
    y = hosts[0].y if hosts else 0
    state = "well" if incident.resolved_at is not None else incident.severity.value
    return [Box(x, y, width, incident.cause.component, incident.cause.id, "#cause", state, culprit=True)]


def _element(
    incident: Incident, kind: str, name: str, others: Sequence[str], worst: Mapping[str, Severity], y: int
) -> Box:
    x, width = _COLUMNS[2]
    culprit = _is_culprit(incident, kind, name)
    ill = [f"{one} {worst[one].value}" for one in others if one in worst]
    many = f"{len(others)} other host{'' if len(others) == 1 else 's'}"
    if culprit:
        says = "the cause lies here"
    elif not others:
        says = "no other host"
    elif ill:
        says = f"{many}: {', '.join(ill[:MAX_NAMED])}{' …' if len(ill) > MAX_NAMED else ''}"
    else:
        says = f"{many}, healthy"
    state = incident.severity.value if culprit else "well" if others and not ill else ""
    return Box(x, y, width, f"{kind} {name}", says, "/inventory", state, culprit)


def _host_href(name: str) -> str:
    return f"/hosts/{quote(name, safe='')}"
