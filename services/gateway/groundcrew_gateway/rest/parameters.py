"""Query parameters and bodies that several routes share."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from groundcrew.contracts.queries import MAX_PAGE


def _printable(text: str) -> str:
    if "\0" in text:
        msg = "text without NUL characters is expected"
        raise ValueError(msg)
    return text


Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="items of this page at most")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before")]
Since = Annotated[AwareDatetime | None, Query(description="RFC 3339 with an offset", examples=["2026-03-04T02:00:00Z"])]
Until = Annotated[AwareDatetime | None, Query(description="RFC 3339 with an offset", examples=["2026-03-04T04:00:00Z"])]
HostFilter = Annotated[str | None, Query(max_length=256, description="only this host", examples=["brickbox-43"])]
HostName = Annotated[str, Path(max_length=256, examples=["brickbox-43"])]
RecordId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["5f0c4d2a9b7e4c1d8e3f6a7b8c9d0e1f"])]
Text = Annotated[str, AfterValidator(_printable)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Remark(Body):
    """Why; it stands in the history under the caller's name."""

    text: Text = Field("", max_length=4_000, examples=["looking at the PDU outlet"])


class Note(Body):
    text: Text = Field(min_length=1, max_length=4_000, examples=["feed A is back since 03:10"])


class Decision(Body):
    comment: Text = Field("", max_length=2_000, examples=["the service is out of rotation"])
