"""Answers which log templates are known: what the page, the command line and `rules promote` read."""

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import from_us
from groundcrew.contracts.queries import Failure, LogTemplate, TemplatePage, TemplatesQuery
from groundcrew.diagnosis.mining import Template
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.watching import Watcher


class Listing:
    """The templates of this process, with what a model said of them."""

    def __init__(self, watcher: Watcher | None, classifier: Classifier | None) -> None:
        self._watcher = watcher
        self._classifier = classifier

    async def templates(self, query: TemplatesQuery) -> TemplatePage:
        if self._watcher is None:
            return TemplatePage(
                items=[], learning="neither trigger.novelty nor trigger.classify is on: nothing is mined"
            )
        start = _place(query.cursor)
        found = [one for one in self._watcher.templates() if _wanted(one, query)]
        end = start + query.limit
        return TemplatePage(
            items=[self._shown(one) for one in found[start:end]],
            next=str(end) if end < len(found) else None,
            learning=self._watcher.learning,
        )

    def _shown(self, one: Template) -> LogTemplate:
        return LogTemplate(
            id=one.id,
            identifier=one.identifier,
            template=one.text,
            sample=one.sample,
            count=one.count,
            worst_priority=one.worst,
            first_seen=from_us(one.first_us),
            last_seen=from_us(one.last_us),
            hosts=sorted(one.hosts),
            novel=one.novel,
            model_class=self._classifier.word_of(one.id) if self._classifier is not None else "",
        )


def _wanted(one: Template, query: TemplatesQuery) -> bool:
    if query.novel is not None and one.novel is not query.novel:
        return False
    if query.id is not None and not one.id.startswith(query.id):
        return False
    wanted = (query.contains or "").lower()
    return wanted in one.text.lower() or wanted in one.identifier.lower()


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise RequestFailed(Failure.INVALID, f"cursor {cursor!r} is none that this list gave")
    return int(cursor)
