"""BMCs that fall silent together: a switch, a rack or the whole management network is one fault, not a thousand.

Whoever asks all BMCs knows how many of those that hang together answer; nobody who sees one BMC alone can tell. Pure:
who is silent, and what hangs where, comes in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from groundcrew.contracts.identity import kind_of, name_of

MIN_SILENT = 3
"""BMCs of a group that are silent, from which on they are one fault."""

SHARE = 0.6
"""Share of a group's BMCs that are silent, from which on they are one fault."""

SHARE_LEFT = 0.3
"""Share below which it is over: those that are still silent then are told one by one."""

_ORDER = ("switch", "rack", "site")


@dataclass(frozen=True, slots=True)
class Group:
    """The BMCs that were looked at of one switch, rack or site. `together`: they are silent, as one fault; `within`:
    the wider group of which that is a part, if there is one."""

    element: str
    bmcs: int
    silent: int
    together: bool = False
    within: str = ""

    @property
    def words(self) -> str:
        """`rack r12`, `all racks of default`."""
        kind, name = kind_of(self.element), name_of(self.element)
        return f"all racks of {name}" if kind == "site" else f"{kind} {name}"

    def __str__(self) -> str:
        return f"{self.silent} of {self.bmcs} BMCs of {self.words} do not answer"


class SilentGroups:
    """Remembers which groups are silent, so that one at the limit does not come and go."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    def judge(self, places: Mapping[str, Iterable[str]], silent: Collection[str]) -> dict[str, Group]:
        """By element. `places`: what each BMC that was looked at hangs on; `silent`: which of them do not answer."""
        members: defaultdict[str, set[str]] = defaultdict(set)
        for bmc, elements in places.items():
            for element in elements:
                members[element].add(bmc)
        quiet = {element: names & set(silent) for element, names in members.items()}
        self._down = {element for element, names in members.items() if self._is_down(element, names, quiet[element])}
        groups: dict[str, Group] = {}
        told: list[str] = []
        for element in sorted(members, key=lambda one: (-len(quiet[one]), len(members[one]), _rank(one), one)):
            within = ""
            if element in self._down:
                within = next((wider for wider in told if quiet[element] <= quiet[wider]), "")
                if not within:
                    told.append(element)
            groups[element] = Group(element, len(members[element]), len(quiet[element]), element in self._down, within)
        return groups

    def _is_down(self, element: str, names: set[str], quiet: set[str]) -> bool:
        share = len(quiet) / len(names)
        if element in self._down:
            return share >= SHARE_LEFT
        return len(quiet) >= MIN_SILENT and share >= SHARE


def _rank(element: str) -> int:
    kind = kind_of(element)
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
