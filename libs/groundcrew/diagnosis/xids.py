"""NVIDIA's Xid catalogue as a pack: one `[[xid]]` table per code, which becomes a rule of its own (`gpu.xid-79`).

The driver writes the same head before every code, with small differences between versions (`RmLogXid` and
`nvErrorLog` of the driver; NVIDIA, Xid errors, "Understanding Xid messages"):

    NVRM: Xid (0000:3b:00): 31, Ch 00000018, ...
    NVRM: Xid (PCI:0000:3b:00): 31, pid=1745131, name=python3, Ch 00000018, ...
    NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
    NVRM: Xid (PCI:0000:3b:00 GPU-I:05): 94, pid=1745131, name=python3, Contained: ...
"""

from collections.abc import Iterator

from pydantic import Field, ValidationError

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.rules import (
    CauseId,
    ComponentClass,
    Example,
    Level,
    PackError,
    Part,
    Rate,
    Rule,
    describe,
    tables,
)

HEAD = r"NVRM: Xid \((?P<pci>(?:PCI:)?[0-9a-fA-F:.]+)(?: GPU-I:(?P<instance>\d+))?(?: [^)]+)?\): "
PROGRAM = (
    r"(?:, pid=(?:(?P<pid>\d+)|'?<unknown>'?))?(?:, name=(?:(?P<name>[^,<]+)|<unknown>))?"
    r"(?:, (?:Ch(?:ID)?|channel) (?P<channel>(?:0x)?[0-9a-fA-F]+)\b)?"
)
LINK = r"(?:.{0,80}?\b[Ll]ink (?P<link>\d+))?"
HEADS = (
    ("NVRM: Xid (PCI:0000:3b:00): ", ", pid='<unknown>', name=<unknown>"),
    ("NVRM: Xid (PCI:0000:3b:00): ", ", pid=41532, name=python3"),
    ("NVRM: Xid (PCI:0000:3b:00 GPU-I:05): ", ", pid=41532, name=python3"),
    ("NVRM: Xid (PCI:0000:3b:00): ", ", pid=41532"),
    ("NVRM: Xid (0000:3b:00): ", ""),
)
"""The head in the spellings of several driver versions, for examples: before the code, after it."""

REFERENCE = "NVIDIA Xid catalogue (docs.nvidia.com, Xid errors, Analyzing Xid errors with the Xid catalog)"


class Xid(Part):
    """One code of the catalogue: what NVIDIA says of it, and what it means to an operator."""

    code: int = Field(ge=1, le=9_999)
    mnemonic: str = Field(min_length=1)
    immediate_action: str = Field("", description="the catalogue's word for what to do at once, e.g. RESET_GPU")
    investigatory_action: str = Field("", description="the catalogue's word for what to do afterwards")
    title: str = Field(min_length=1, description="what happened, in a few words")
    severity: Level
    kind: str
    causes: list[CauseId] = Field(default_factory=list)
    component_class: ComponentClass = "gpu"
    says: str = Field(min_length=1, description="what the driver writes after the head, as an example")
    captures: str = Field(
        "", description="pattern with named groups of what else the line may say, taken where it does"
    )
    grave: str = Field("", description="pattern of what it writes where this code is critical and otherwise is not")
    grave_says: str = ""
    also: list[str] = Field(default_factory=list, description="patterns of further lines that tell of the same fault")
    clear: list[str] = Field(default_factory=list)
    rate: Rate | None = None
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)
    disabled: bool = False

    @property
    def id(self) -> str:
        return f"gpu.xid-{self.code}"

    @property
    def line(self) -> str:
        """Pattern of the driver's line."""
        more = f"(?:.{{0,80}}?{self.captures})?" if self.captures else ""
        return HEAD + rf"(?P<xid>{self.code})\b" + PROGRAM + (more or LINK)

    def rules(self) -> Iterator[Rule]:
        """The rule of this code, a critical one where its text can say that it is worse, and one of info where only
        several make a fault."""
        if self.grave:
            grave = HEAD + rf"(?P<xid>{self.code})\b" + PROGRAM + ".{0,60}?" + self.grave + LINK
            yield self._rule(
                id=f"{self.id}-fatal", severity=Severity.CRITICAL, patterns=[grave],
                examples=[Example(text=self._example(HEADS[1], self.grave_says), component="GPU 0000:3b:00.0")],
                counter_examples=[Example(text=self._example(HEADS[1], self.says))],
            )  # fmt: skip
        plain = {
            "patterns": [self.line, *self.also],
            "not_patterns": [self.grave, *self.clear] if self.grave else self.clear,
            "clear": self.clear,
            "examples": [Example(text=self._example(head, self.says), component="GPU 0000:3b:00.0") for head in HEADS],
            "counter_examples": [Example(text=self._example(HEADS[0], self.says, other=1_000 + self.code))],
        }
        yield self._rule(id=self.id, severity=self.severity, rate=self.rate, **plain)
        if self.rate is not None:  # before there are so many it is evidence of what else happens to the GPU
            yield self._rule(id=f"{self.id}-once", severity=Severity.INFO, **plain)

    def _rule(self, **differing: object) -> Rule:
        what = {"kind": self.kind, "causes": self.causes, "component_class": self.component_class}
        action = f", {self.immediate_action}" if self.immediate_action else ""
        return Rule.model_validate({
            **what,
            "title": f"{self.title} on GPU {{pci}} (Xid {self.code}{action})",
            "component": "GPU {pci}",
            "facts": {
                "mnemonic": self.mnemonic,
                "immediate_action": self.immediate_action,
                "investigatory_action": self.investigatory_action,
            },
            "meaning": self.meaning,
            "steps": self.steps,
            "reference": f"{REFERENCE}: {self.code} {self.mnemonic}",
            "disabled": self.disabled,
            **differing,
        })  # fmt: skip

    def _example(self, head: tuple[str, str], says: str, other: int | None = None) -> str:
        before, after = head
        return f"{before}{other or self.code}{after}, {says}"


def parse_xids(text: str, file: str) -> list[Rule]:
    """The rules that the `[[xid]]` tables of one file make, in the file's order. Raises PackError."""
    found: dict[int, Xid] = {}
    rules: list[Rule] = []
    for index, table in enumerate(tables(text, file, "xid")):
        name = table.get("code", f"number {index + 1}") if isinstance(table, dict) else f"number {index + 1}"
        try:
            entry = Xid.model_validate(table)
            rules.extend(entry.rules())
        except ValidationError as error:
            raise PackError(describe(error, file, f"xid {name}")) from None
        if entry.code in found:
            msg = f"{file}: xid {name}: code: used twice in this file"
            raise PackError(msg)
        found[entry.code] = entry
    return rules
