"""What no rule knows and nobody has seen before, or never as often: triggers without labels, at severity info.

One `Watch` follows the hosts of one partition. New is an error (syslog severity 3 and worse) of a template that the
partition never had, once it and the host have been observed for long enough; a template that five hundred hosts know is
not new on the next one. Unusual are bursts of a template and shares of errors (`bursts.py`). All of it follows event
time, and comes out the same however the stream is cut into batches.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Severity, TriggerRaised, TriggerState
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.attention import FOLLOWED, MAX_NAMES, MAX_NEW_AN_HOUR, HostState, Learning
from groundcrew.diagnosis.bursts import MIN_LINES, Burst
from groundcrew.diagnosis.drafts import MAX_TITLE, TriggerDraft
from groundcrew.diagnosis.masking import Masker
from groundcrew.diagnosis.mining import MAX_TEMPLATES, Miner, Template
from groundcrew.diagnosis.usual import INTERVAL_US

ERROR = 3
"""syslog's severity of an error; smaller is worse."""

NEW, BURST, SHARE = "novelty.template", "novelty.burst", "novelty.error-share"
MAX_HOSTS = 2_500
MAX_RATES = 8_000
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to learn before anything is called new: hours with lines, and lines, of the site and of the host."""

    hours: int = 24
    lines: int = 1_000

    def enough(self, site: Learning, host: Learning) -> bool:
        return min(site.hours, host.hours) > self.hours and site.lines >= self.lines


@dataclass(slots=True)
class WatchCounts:
    """What a watch did, for metrics."""

    mined: int = 0
    sampled: int = 0
    untold: int = 0
    evictions: int = 0


@dataclass(slots=True)
class Seen:
    """What came of one batch: trigger drafts in order, and the rows whose template was mined."""

    drafts: list[TriggerDraft] = field(default_factory=list)
    mined: list[tuple[int, Template]] = field(default_factory=list)


Elsewhere = Callable[[str, str], bool]
"""Whether a line (program, message) is known to other partitions of the site."""


def nowhere(_identifier: str, _message: str) -> bool:
    return False


class Watch:
    """Follows the log lines of one partition."""

    def __init__(
        self, patience: Patience, *, masker: Masker, max_templates: int = MAX_TEMPLATES, elsewhere: Elsewhere = nowhere
    ) -> None:
        self._patience = patience
        self._elsewhere = elsewhere
        self.miner = Miner(masker, max_templates=max_templates)
        self._site = Learning()
        self._hosts: OrderedDict[str, HostState] = OrderedDict()
        self._rates = 0
        self.counts = WatchCounts()

    @property
    def learning(self) -> tuple[int, int, int]:
        """(hours with lines, lines, hosts) observed so far."""
        return self._site.hours, self._site.lines, len(self._hosts)

    @property
    def learnt(self) -> bool:
        return self._patience.enough(self._site, self._site)

    def observe(self, envelope: Envelope[LogBatch], unruled: Sequence[int]) -> Seen:
        """`unruled` are the rows of warning and worse that no rule spoke of, in order. Never raises."""
        seen = Seen()
        batch = envelope.data
        if not batch.times:
            return seen
        host = self._host(envelope.entity, batch)
        passed, evicted = self.miner.passed_over, self.miner.evictions
        mine, waiting = self.miner.mine, iter(unruled)
        following = next(waiting, None)
        done = 0
        for first, until, interval in _stretches(batch.times):
            host.learning.see(interval)
            self._site.see(interval)
            self._count(envelope, host, first, until, interval, seen)
            while following is not None and following < until:
                template, made = mine(batch.identifiers[following], batch.messages[following], batch.times[following])
                if template is not None:
                    self._learn(host, following + 1 - done)
                    done = following + 1
                    self._line(envelope, host, following, interval, seen, template, made=made)
                following = next(waiting, None)
            self._learn(host, until - done)
            done = until
        self.counts.mined += len(seen.mined)
        self.counts.sampled += self.miner.passed_over - passed
        self.counts.evictions += self.miner.evictions - evicted
        return seen

    def _learn(self, host: HostState, lines: int) -> None:
        host.learning.lines += lines
        self._site.lines += lines

    def _host(self, entity: str, batch: LogBatch) -> HostState:
        host = self._hosts.get(entity)
        if host is None:
            host = self._hosts[entity] = HostState(first=batch.times[0] // INTERVAL_US)
            if len(self._hosts) > MAX_HOSTS:
                self._drop_host()
        self._hosts.move_to_end(entity)
        return host

    def _drop_host(self) -> None:
        _, gone = self._hosts.popitem(last=False)
        self._rates -= len(gone.rates)
        self.counts.evictions += 1

    # --- counts and shares --------------------------------------------------------------------------------------------

    def _count(
        self, envelope: Envelope[LogBatch], host: HostState, first: int, until: int, interval: int, seen: Seen
    ) -> None:
        """Rows of one interval are counted by program; the interval before them is over."""
        batch = envelope.data
        if host.late(interval):
            return
        if interval != host.interval:
            if host.lines:
                seen.drafts += self._close(envelope, host, first)
            host.begin(interval)
        names = batch.identifiers[first:until]
        host.lines.update(names)
        if min(batch.priorities[first:until]) <= ERROR:
            pairs = zip(names, batch.priorities[first:until], strict=True)
            host.errors.update(name for name, priority in pairs if priority <= ERROR)
        for counter in (host.lines, host.errors):
            _bound(counter)

    def _close(self, envelope: Envelope[LogBatch], host: HostState, row: int) -> Iterator[TriggerDraft]:
        """The interval is over: what its shares of errors tell, with the row that came after it as evidence."""
        totals = [("", sum(host.lines.values()), sum(host.errors.values()))]
        programs = [(name, host.lines[name], host.errors[name]) for name in sorted(host.lines) if name]
        for name, lines, errors in (*totals, *programs):
            if lines < MIN_LINES:
                continue
            burst = host.share(name).close(host.interval, errors, lines)
            if burst is not None and self._patience.enough(self._site, host.learning):
                yield _share_draft(envelope, name, burst, host.interval, row)

    # --- lines --------------------------------------------------------------------------------------------------------

    def _line(
        self,
        envelope: Envelope[LogBatch],
        host: HostState,
        row: int,
        interval: int,
        seen: Seen,
        template: Template,
        *,
        made: bool,
    ) -> None:
        """A line and its template; `made` where it is the first of it."""
        batch = envelope.data
        priority = batch.priorities[row]
        template.take(batch.times[row], priority, envelope.entity, 1)
        seen.mined.append((row, template))
        if made and priority <= ERROR and self._is_new(host, batch, row):
            template.novel = True
            if host.may_tell(interval):
                seen.drafts.append(_new_draft(envelope, template, row, self.learning, host.told))
            else:
                self.counts.untold += 1
        taken = 0 if host.late(interval) else host.followed(template.id)
        if taken:
            self._follow(envelope, host, template, row, interval, seen, taken)

    def _is_new(self, host: HostState, batch: LogBatch, row: int) -> bool:
        learnt = self._patience.enough(self._site, host.learning)
        return learnt and not self._elsewhere(batch.identifiers[row], batch.messages[row])

    def _follow(
        self,
        envelope: Envelope[LogBatch],
        host: HostState,
        template: Template,
        row: int,
        interval: int,
        seen: Seen,
        taken: int,
    ) -> None:
        known = template.id in host.rates
        rate, replaced = host.rate(template.id, interval)
        if replaced:
            self.counts.evictions += 1
        elif not known:
            self._rates += 1
            while self._rates > MAX_RATES and len(self._hosts) > 1:
                self._drop_host()
        for burst in rate.take(interval, taken):
            if self._patience.enough(self._site, host.learning):
                seen.drafts.append(_burst_draft(envelope, template, burst, interval, row))

    # --- what survives ------------------------------------------------------------------------------------------------

    def absorb(self, data: bytes) -> int:
        """Know what another process wrote of the same partition; how many templates that were. Raises ValueError."""
        other = Watch(self._patience, masker=Masker())
        other.restore(data)
        before = len(self.miner.templates)
        for theirs in other.miner.templates.values():
            if not self.miner.knows(theirs.identifier, theirs.sample):
                template, made = self.miner.mine(theirs.identifier, theirs.sample, theirs.last_us)
                if template is not None and made:
                    template.count, template.worst, template.novel = theirs.count, theirs.worst, theirs.novel
        return len(self.miner.templates) - before

    def state(self) -> bytes:
        """JSON of everything."""
        site = self._site
        return orjson.dumps(
            {
                "v": VERSION,
                "miner": self.miner.state(),
                "site": [site.hours, site.newest_hour, site.lines],
                "hosts": [[entity, host.state()] for entity, host in self._hosts.items()],
            }
        )

    def restore(self, data: bytes) -> None:
        """Take up what `state` gave, in a watch that has seen nothing. Raises ValueError where it cannot be read."""
        try:
            document = orjson.loads(data)
            if document["v"] != VERSION:
                msg = f"templates of version {document['v']}, this is version {VERSION}"
                raise ValueError(msg)
            site = Learning(*document["site"])
            hosts = OrderedDict((entity, HostState.restore(state)) for entity, state in document["hosts"])
            self.miner.restore(document["miner"])
        except (KeyError, TypeError, AttributeError) as error:
            msg = f"no mined templates: {error!r}"
            raise ValueError(msg) from None
        self._site, self._hosts = site, hosts
        self._rates = sum(len(host.rates) for host in hosts.values())


def _stretches(times: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first row, row behind the last, interval) of rows in a row that lie in one interval."""
    if not times:
        return
    if min(times) // INTERVAL_US == max(times) // INTERVAL_US:
        yield 0, len(times), times[0] // INTERVAL_US
        return
    first, at = 0, times[0] // INTERVAL_US
    for row, time in enumerate(times):
        if time // INTERVAL_US != at:
            yield first, row, at
            first, at = row, time // INTERVAL_US
    yield first, len(times), at


def _bound(counter: Counter[str]) -> None:
    """A program that changes its name with each line must not grow the counts; the total stays."""
    if len(counter) > MAX_NAMES:
        for name in [name for name in counter if name][MAX_NAMES:]:
            counter[""] += counter.pop(name)


# --- what is told -----------------------------------------------------------------------------------------------------


def _new_draft(
    envelope: Envelope[LogBatch], template: Template, row: int, learning: tuple[int, int, int], told: int
) -> TriggerDraft:
    hours, lines, hosts = learning
    more = "; more new ones of this hour are counted, not told" if told == MAX_NEW_AN_HOUR else ""
    title = (
        f"New error of {_program(template.identifier)}: never seen in {_span(hours)} over {lines:,} lines on "
        f"{hosts} host{'s' * (hosts != 1)}{more}: {template.text}"
    )
    return _draft(envelope, NEW, template.id, title, row, captures={"template": template.id})


def _burst_draft(
    envelope: Envelope[LogBatch], template: Template, burst: Burst, interval: int, row: int
) -> TriggerDraft:
    usual = f"usually {_range(burst.usual.median, burst.usual.upper)} in 5 min{burst.usual.when}"
    if burst.over:
        title = f"Burst is over ({usual}): {template.text}"
    else:
        title = f"Burst of {_program(template.identifier)}: {usual}, now {burst.count:,} in 5 min: {template.text}"
    captures = {
        "template": template.id, "present": str(burst.count), "usual_median": f"{burst.usual.median:.0f}",
        "usual_upper": f"{burst.usual.upper:.0f}",
    }  # fmt: skip
    return _draft(
        envelope, BURST, f"{template.id}@{interval}", title, row, captures=captures, component=template.identifier,
        count=burst.count, over=burst.over,
    )  # fmt: skip


def _share_draft(envelope: Envelope[LogBatch], name: str, burst: Burst, interval: int, row: int) -> TriggerDraft:
    who = _program(name) if name else name_of(envelope.entity)
    upper, median = burst.usual.upper / 10, burst.usual.median / 10
    spread = f"{median:.1f}–{upper:.1f}" if round(upper, 1) > round(median, 1) else f"{median:.1f}"
    usual = f"usually {spread} %{burst.usual.when}"
    share = 100 * burst.count / max(burst.lines, 1)
    if burst.over:
        title = f"Share of errors of {who} is usual again ({usual})"
    else:
        title = f"{share:.0f} % of the lines of {who} are errors ({burst.count:,} of {burst.lines:,} in 5 min; {usual})"
    captures = {"program": name, "errors": str(burst.count), "lines": str(burst.lines)}
    return _draft(
        envelope, SHARE, f"{name}@{interval}", title, row, captures=captures, component=name, count=burst.count,
        over=burst.over,
    )  # fmt: skip


def _draft(
    envelope: Envelope[LogBatch],
    rule_id: str,
    what: str,
    title: str,
    row: int,
    *,
    captures: dict[str, str],
    component: str = "",
    count: int = 1,
    over: bool = False,
) -> TriggerDraft:
    """An info trigger that speaks for no cause, with the row as evidence."""
    batch = envelope.data
    state = TriggerState.CLEARED if over else TriggerState.RAISED
    trigger_id = stable_id(envelope.site, rule_id, envelope.entity, what, state.value)
    when = from_us(batch.times[row])
    evidence = Evidence(
        id=batch.ids[row],
        source=EvidenceSource.JOURNAL,
        ref=batch.positions[row],
        time=when,
        entity=envelope.entity,
        text=batch.messages[row],
        rule_id=rule_id,
        trigger_id=trigger_id,
    )
    data = TriggerRaised(
        rule_id=rule_id,
        state=state,
        severity=Severity.INFO,
        title=title[:MAX_TITLE],
        causes=[],
        component_class="unknown",
        component=component,
        first_seen=when,
        last_seen=when,
        captures=captures,
        count=max(count, 1),
        evidence=[evidence],
    )
    return TriggerDraft(trigger_id, envelope.entity, batch.times[row], data)


def _program(identifier: str) -> str:
    return identifier[:40] or "an unnamed program"


def _span(hours: int) -> str:
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _range(low: float, high: float) -> str:
    if high < FOLLOWED:
        return f"fewer than {FOLLOWED}"
    return f"{low:.0f}–{high:.0f}" if round(high) > round(low) else f"{low:.0f}"
