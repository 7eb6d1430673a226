"""`groundcrew incident VERB`: what a person says of an incident, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.queries import CommandName
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.incidents import SHORT, find_incident, heading
from groundcrew_cli.terminal import clip, command, note, plain, say, say_json

MAX_TEXT = 4_000
"""Characters of a remark, as the system takes them."""

MAX_OWNER = 200


def tell(
    gateway: Gateway, incidents: Sequence[str], what: CommandName, text: str, *, as_json: bool, now: datetime
) -> None:
    """Says it of each incident. Where one refuses, the others are told all the same.

    Raises CliError: USAGE before anything is sent, else that of the first incident that refused.
    """
    body = {"text": _checked(text.strip(), what)}
    wanted = {find_incident(gateway, prefix): None for prefix in incidents}
    done, failed = _told(gateway, list(wanted), what, body)
    if as_json:
        told = [one.model_dump(mode="json") for one in done]
        say_json(told[0] if len(wanted) == 1 and told else told)
    else:
        for one in done:
            say(heading(one, now))
            say(f"  {clip(plain(one.title), 78)}")
            say(f"  {command('incident show')} {one.id[:SHORT]}{gateway.site_option}")
    for error in failed[1:]:
        note(f"groundcrew: {error}")
    if failed:
        raise failed[0]


def _told(
    gateway: Gateway, ids: Sequence[str], what: CommandName, body: Mapping[str, str]
) -> tuple[list[Incident], list[CliError]]:
    done, failed = [], []
    for incident_id in ids:
        try:
            done.append(gateway.post(Incident, f"incidents/{incident_id}/{what}", body))
        except CliError as error:
            failed.append(error)
    return done, failed


def _checked(text: str, what: CommandName) -> str:
    most, name = (MAX_OWNER, "the owner's name") if what == "assign" else (MAX_TEXT, "the text")
    if what == "note" and not text:
        raise CliError("there is nothing to note: expected some text after the incident", USAGE)
    if len(text) > most:
        raise CliError(f"{name} has {len(text):,} characters: expected at most {most:,}", USAGE)
    if "\0" in text:
        raise CliError(f"{name} holds a NUL character: expected text", USAGE)
    return text
