"""Questions to trigger: kinds of log lines that no rule knows."""

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Id
from groundcrew.contracts.queries.endpoint import Paged


class TemplatesQuery(Paged):
    """Kinds of log lines of warning and worse that no rule knows, most frequent first."""

    novel: bool | None = Field(None, description="only those that were, or were not, told as new")
    contains: str | None = Field(None, max_length=200, description="in the template or the program's name")
    id: str | None = Field(
        None, max_length=32, pattern=r"^[0-9a-f]+$", description="only this one; a beginning will do"
    )


class LogTemplate(Record):
    """A kind of log line. `template`, `identifier` and `sample` are text from a machine."""

    id: Id
    identifier: str = Field(description="SYSLOG_IDENTIFIER: kernel, sshd, ...")
    template: str = Field(description="its words, with <*> for what varies")
    sample: str = Field(description="the first line of it, at most 500 characters")
    count: int = Field(description="lines of it that were mined")
    worst_priority: int = Field(description="syslog severity of its gravest line, 0 to 7")
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    hosts: list[str] = Field(description="entities that logged it, at most 16")
    novel: bool = Field(description="told as new: it came when its kind had not been seen for the learning period")
    model_class: str = Field("", description="the component class that a model sorts it under, empty where none did")


class TemplatePage(Record):
    items: list[LogTemplate]
    next: str | None = None
    learning: str = Field("", description="one sentence: what was learnt so far, or that it still learns")
