"""Whether BMCs can be read, in the words that rules of source `bmc` are matched against: `answers`, or a reason of the
closed list and a sentence; and which are silent together."""

from collections.abc import Mapping

from groundcrew.contracts.inventory import Inventory
from groundcrew.diagnosis.silent_groups import Group, SilentGroups
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.reason import Reason

ANSWERS = "answers"
LEFT = "left: the inventory does not name it any more"
FACT = "access"
"""The fact of `InventoryObserved` that says it."""

SILENT = frozenset({Reason.TIMEOUT, Reason.ADDRESS})
"""Reasons for which nothing at all came back."""


class Access:
    """Of all BMCs that were looked at."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._places: dict[str, tuple[str, ...]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._groups = SilentGroups()
        self.groups: Mapping[str, Group] = {}

    def use(self, inventory: Inventory) -> None:
        """What each BMC hangs on. The switch and the rack of its host stand for those of its management port."""
        hosts = {entry.bmc: entry for entry in inventory.host if entry.bmc}
        places: dict[str, tuple[str, ...]] = {}
        for entry in inventory.bmcs():
            host = hosts.get(entry.name)
            named = (f"switch:{host.switch}" * bool(host.switch), f"rack:{host.rack}" * bool(host.rack)) if host else ()
            places[entry.name] = (*filter(None, named), f"site:{self._site}")
        self._places = places
        self._outcomes = {name: outcome for name, outcome in self._outcomes.items() if name in places}

    def seen(self, bmc: str, outcome: Outcome) -> str:
        """Take note of how a look went; returns what is to be told of this BMC."""
        self._outcomes[bmc] = outcome
        if not outcome.blind or outcome.reason is None:
            return ANSWERS
        if outcome.reason in SILENT and (group := self._group_of(bmc)) is not None:
            return f"together: {group}"
        return f"{outcome.reason.value}: {outcome.text}"

    def judge(self) -> Mapping[str, Group]:
        """Look anew at which groups are silent."""
        looked_at = {name: places for name, places in self._places.items() if name in self._outcomes}
        silent = {name for name in looked_at if self._is_silent(name)}
        self.groups = self._groups.judge(looked_at, silent)
        return self.groups

    def _is_silent(self, bmc: str) -> bool:
        outcome = self._outcomes[bmc]
        return outcome.blind and outcome.reason in SILENT

    def _group_of(self, bmc: str) -> Group | None:
        found = (self.groups.get(place) for place in self._places.get(bmc, ()))
        return next((group for group in found if group is not None and group.together), None)


def told_of(group: Group) -> str:
    """What is to be told of a group."""
    if not group.together:
        return ANSWERS
    return f"together: {group}" if group.within else f"silent: {group.words}: {group}"
