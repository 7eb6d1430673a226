"""How well a stream of lines is known: what may be called new, or unusual, and what is still being learnt.

Hours in which something was observed are counted, not hours that passed: a clock that jumps teaches nothing.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

from groundcrew.diagnosis.bursts import CLOCK_JUMP, Rate, Share
from groundcrew.diagnosis.usual import INTERVAL_US

PER_HOUR = 3_600 * 1_000_000 // INTERVAL_US
MAX_RATES = 300
"""Templates of one host whose rates are followed."""

FOLLOWED = 10
"""Lines of a template in one interval on one host from which on its rate is followed there. What stays below cannot
move the limit of a burst, and there is much of it."""

MAX_COUNTED = 1_000
MAX_PROGRAMS = 64
MAX_NAMES = 256
MAX_NEW_AN_HOUR = 20
"""New templates of one host that are told in an hour; an upgrade brings many at once."""


@dataclass(slots=True)
class Learning:
    """What was observed so far."""

    hours: int = 0
    newest_hour: int = -1
    lines: int = 0

    def see(self, interval: int) -> None:
        """Lines of this interval are observed; how many is counted apart."""
        hour = interval // PER_HOUR
        if hour > self.newest_hour:
            self.hours += 1
            self.newest_hour = hour
        elif hour < self.newest_hour - 1:  # the clock was set back
            self.newest_hour = hour


@dataclass(slots=True)
class HostState:
    """What is held of one host. `lines` and `errors`, by program, and `counts`, by template, are of the interval at
    hand."""

    learning: Learning = field(default_factory=Learning)
    first: int = 0
    interval: int = -1
    lines: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    rates: OrderedDict[str, Rate] = field(default_factory=OrderedDict)
    shares: OrderedDict[str, Share] = field(default_factory=OrderedDict)
    forgot: bool = False
    told_hour: int = -1
    told: int = 0

    def late(self, interval: int) -> bool:
        """Whether an interval is over already, as against a clock that was set back."""
        return self.interval - CLOCK_JUMP <= interval < self.interval

    def begin(self, interval: int) -> None:
        self.interval = interval
        self.lines.clear()
        self.errors.clear()
        self.counts.clear()

    def followed(self, template_id: str) -> int:
        """Count a line of a template; how many there are to be taken by its rate, 0 while it is not followed."""
        if template_id in self.rates:
            return 1
        count = self.counts.get(template_id, 0) + 1
        if count == 1 and len(self.counts) >= MAX_COUNTED:
            return 0
        self.counts[template_id] = count
        return count if count >= FOLLOWED else 0

    def rate(self, template_id: str, interval: int) -> tuple[Rate, bool]:
        """The rate of a template on this host, and whether another one had to go for it."""
        rate = self.rates.get(template_id)
        if rate is not None:
            self.rates.move_to_end(template_id)
            return rate, False
        rate = self.rates[template_id] = Rate(interval)
        if not self.forgot and self.first < interval:
            rate.history.add_zeros(self.first, interval)  # it was not there, for as long as the host is known
        if len(self.rates) <= MAX_RATES:
            return rate, False
        self.rates.popitem(last=False)
        self.forgot = True
        return rate, True

    def share(self, program: str) -> Share:
        share = self.shares.get(program)
        if share is None:
            share = self.shares[program] = Share()
            if len(self.shares) > MAX_PROGRAMS:
                self.shares.popitem(last=False)
        self.shares.move_to_end(program)
        return share

    def may_tell(self, interval: int) -> bool:
        """Whether one more new template of this hour is told."""
        hour = interval // PER_HOUR
        if hour != self.told_hour:
            self.told_hour, self.told = hour, 0
        self.told += 1
        return self.told <= MAX_NEW_AN_HOUR

    def state(self) -> list[Any]:
        learning = self.learning
        return [
            [learning.hours, learning.newest_hour, learning.lines], self.first, self.interval,
            list(self.lines.items()), list(self.errors.items()), list(self.counts.items()),
            [[key, rate.state()] for key, rate in self.rates.items()],
            [[key, share.state()] for key, share in self.shares.items()], self.forgot, self.told_hour, self.told,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> "HostState":
        learning, first, interval, lines, errors, counts, rates, shares, forgot, told_hour, told = state
        return cls(
            Learning(*learning), first, interval, Counter(dict(lines)), Counter(dict(errors)), dict(counts),
            OrderedDict((key, Rate.restore(one)) for key, one in rates),
            OrderedDict((key, Share.restore(one)) for key, one in shares), forgot, told_hour, told,
        )  # fmt: skip
