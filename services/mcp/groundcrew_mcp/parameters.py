"""Parameters that several tools share, bounded and described for the model that fills them in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from groundcrew.contracts.identity import Id


def _no_nul(text: str) -> str:
    if "\0" in text:
        msg = "text without NUL characters is expected"
        raise ValueError(msg)
    return text


def _maybe_no_nul(text: str | None) -> str | None:
    return text if text is None else _no_nul(text)


_Text = AfterValidator(_no_nul)
_MaybeText = AfterValidator(_maybe_no_nul)

SiteName = Annotated[
    str | None, Field(max_length=63, description="site to look at; absent: the first one of the API key")
]
HostName = Annotated[str, Field(min_length=1, max_length=200, description="name of a host, as list_hosts says"), _Text]
HostFilter = Annotated[str | None, Field(max_length=200, description="only this host"), _MaybeText]
BmcFilter = Annotated[str | None, Field(max_length=200, description="only this BMC"), _MaybeText]
RecordId = Annotated[Id, Field(description="32 hex characters")]
IncidentFilter = Annotated[Id | None, Field(description="only of this incident")]
Limit = Annotated[int, Field(ge=1, le=100, description="items at most")]
Cursor = Annotated[str | None, Field(max_length=512, description="`next` of the page before"), _MaybeText]
Since = Annotated[AwareDatetime | None, Field(description="not older, e.g. 2026-03-04T02:00:00Z")]
Until = Annotated[AwareDatetime | None, Field(description="not newer, e.g. 2026-03-04T04:00:00Z")]
UnitFilter = Annotated[str | None, Field(max_length=256, description="only of this systemd unit"), _MaybeText]
MetricName = Annotated[str, Field(min_length=1, max_length=200, description="e.g. load1; get_host lists them"), _Text]
UnitName = Annotated[str, Field(min_length=1, max_length=256, description="with its suffix, e.g. nginx.service"), _Text]
Reason = Annotated[str, Field(min_length=1, max_length=1_000, description="why; it goes into the audit log"), _Text]
Contains = Annotated[str | None, Field(max_length=200, description="only with this text in it"), _MaybeText]
Words = Annotated[str, Field(min_length=1, max_length=2_000), _Text]
IncidentStateName = Literal["open", "acknowledged", "maintenance", "mitigated", "resolved"]
ActionStateName = Literal[
    "queued", "refused", "approved", "rejected", "expired", "running", "succeeded", "failed", "unknown"
]
