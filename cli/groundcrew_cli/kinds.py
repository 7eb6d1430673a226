"""`groundcrew templates`: kinds of log lines that no rule knows, as the trigger service mined them."""

from datetime import datetime

from groundcrew.contracts.queries import LogTemplate, TemplatePage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import NOT_POSSIBLE, USAGE, CliError
from groundcrew_cli.terminal import ago, clip, command, count, note, paint, plain, say, say_json

SHORT_ID = 8


def show(
    gateway: Gateway, *, novel: bool | None, contains: str | None, limit: int, as_json: bool, now: datetime
) -> None:
    page = gateway.get(TemplatePage, "templates", novel=_flag(novel), contains=contains, limit=limit)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    for one in page.items:
        _show(one, now)
    if not page.items:
        say("No line of warning or worse is known that no rule knows.")
    if page.next is not None:
        note(f"more than {limit} match; --limit shows more")
    note(plain(page.learning))


def find(gateway: Gateway, beginning: str) -> LogTemplate:
    """The template whose id begins so. Raises CliError where there is none, or more than one."""
    wanted = beginning.lower()
    if not wanted or len(wanted) > 32 or set(wanted) - set("0123456789abcdef"):
        raise CliError(f"{beginning}: expected a template's id, or its beginning", USAGE, hint=_hint())
    found = gateway.get(TemplatePage, "templates", id=wanted, limit=2).items
    if not found:
        raise CliError(f"there is no template {wanted}", NOT_POSSIBLE, hint=_hint())
    if len(found) > 1:
        raise CliError(f"{wanted}: more than one template begins so", USAGE, hint=_hint())
    return found[0]


def _show(one: LogTemplate, now: datetime) -> None:
    told = " · told as new" if one.novel else ""
    model = f" · a model sorts it under {plain(one.model_class)}" if one.model_class else ""
    hosts = count(len(one.hosts), "host")
    head = (
        f"{one.id[:SHORT_ID]}  {count(one.count, 'line')} on {hosts}, last {ago(one.last_seen, now)} ago{told}{model}"
    )
    say(paint(head, "bold" if one.novel else "dim"))
    say(f"  {clip(plain(f'{one.identifier}: {one.template}' if one.identifier else one.template), 400)}")


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _hint() -> str:
    return f"{command('templates')} lists them"
