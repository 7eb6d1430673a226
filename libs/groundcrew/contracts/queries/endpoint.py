"""What a request/reply endpoint is, and what many requests share.

A reply that fails carries one of `Failure` and one sentence; `bus` raises it as `RequestFailed`.
"""

from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field, StringConstraints

from groundcrew.contracts.envelope import Record

MAX_PAGE = 1_000


class Failure(StrEnum):
    """Why a request has no result: a closed list, also a metric label. The values are HTTP-like."""

    INVALID = "400"
    NOT_FOUND = "404"
    CONFLICT = "409"
    UNAVAILABLE = "503"
    INTERNAL = "500"


Actor = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Who decided, by name; nothing is decided by nobody."""


Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class Endpoint(Generic[Q, R]):
    """One endpoint: `gc.<site>.query.<owner>.<what>`."""

    def __init__(self, owner: str, what: str, request: type[Q], reply: type[R], *, callers: tuple[str, ...]) -> None:
        self.owner = owner
        self.what = what
        self.request = request
        self.reply = reply
        self.callers = callers

    def subject(self, site: str) -> str:
        return f"gc.{site}.query.{self.owner}.{self.what}"


class StreamEndpoint(Endpoint[Q, R]):
    """An endpoint that answers in parts, in order: `R` is a part. The caller sees all of them or a failure."""


class Paged(Record):
    """What every listing request may say. `cursor` is opaque: the `next` of the page before."""

    limit: int = Field(100, ge=1, le=MAX_PAGE)
    cursor: str | None = None


class Empty(Record):
    """A request with nothing to say."""
