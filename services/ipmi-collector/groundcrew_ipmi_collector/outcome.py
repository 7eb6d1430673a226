"""How a look at a BMC went."""

from dataclasses import dataclass

from groundcrew_ipmi_collector.reason import Reason


@dataclass(frozen=True)
class Outcome:
    """`reason` is None where all could be read; `blind`: nothing could, so that the BMC may as well not be there;
    `cut_short`: it answered, and the look was given up in the middle."""

    reason: Reason | None = None
    text: str = ""
    blind: bool = False
    cut_short: bool = False

    @property
    def to_be_spared(self) -> bool:
        """Whether it is to be asked less often if it goes on like that."""
        return self.blind or self.cut_short

    @property
    def slow(self) -> bool:
        """Whether the next look may take long, too."""
        return self.to_be_spared or self.reason is Reason.TIMEOUT
