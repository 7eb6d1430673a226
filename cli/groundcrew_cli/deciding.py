"""`groundcrew approve` and `groundcrew reject`."""

import time

from groundcrew.contracts.actions import Action, ActionState
from groundcrew.contracts.queries import ActionPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import FAILED, CliError
from groundcrew_cli.incidents import find, short, show_action
from groundcrew_cli.terminal import command, plain, progress, say, say_json, wrapped

_UNFINISHED = frozenset({ActionState.APPROVED, ActionState.RUNNING})
_LOOK_S = 0.3


def show_waiting(gateway: Gateway, *, as_json: bool) -> None:
    page = gateway.get(ActionPage, "actions", state=["queued"], limit=1_000)
    if as_json:
        say_json(page.model_dump(mode="json"))
    elif not page.items:
        say("No action waits for approval.")
    else:
        for action in page.items:
            show_action(gateway, action)
            say(wrapped(plain(action.reason), "             why   ", " " * 19))


def decide(gateway: Gateway, prefix: str, *, approve: bool, comment: str, wait_s: float, as_json: bool) -> None:
    """Raises CliError where it could not be decided, or where what was approved did not succeed."""
    known = [action.id for action in gateway.get(ActionPage, "actions", limit=1_000).items]
    action_id = find(prefix, known, "action")
    verb = "approve" if approve else "reject"
    action = gateway.post(Action, f"actions/{action_id}/{verb}", {"comment": comment})
    if approve and action.state in _UNFINISHED and wait_s > 0:
        with progress(f"running {plain(' '.join(action.argv))} on {plain(action.target)} ..."):
            action = _finished(gateway, action, wait_s)
    if as_json:
        say_json(action.model_dump(mode="json"))
    else:
        show_action(gateway, action)
        if action.output:
            say("             output")
            for line in action.output.splitlines()[-20:]:
                say(f"               {plain(line)}")
    if action.state in _UNFINISHED and approve and not as_json:
        say(f"             not over yet; {command('approve')} {short(action.id)}{gateway.site_option} shows it again")
    if action.state in (ActionState.FAILED, ActionState.REFUSED, ActionState.UNKNOWN):
        raise CliError(f"the action is {action.state.value}: {plain(action.outcome)}", FAILED)


def _finished(gateway: Gateway, action: Action, wait_s: float) -> Action:
    """The action once it is over, or as it is after `wait_s`."""
    deadline = time.monotonic() + wait_s
    while action.state in _UNFINISHED and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        action = gateway.get(Action, f"actions/{action.id}")
    return action
