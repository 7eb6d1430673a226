"""`groundcrew replay`: a scenario folder through the production handlers, nothing executed."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import count, paint, plain, progress, say, say_json, severity

MAX_EVIDENCE = 5


def replay(folder: Path, *, as_json: bool) -> None:
    from groundcrew_embedded.replay import replay as replay_folder
    from groundcrew_embedded.scenario import ScenarioError

    try:
        with progress(f"replaying {folder} ..."):
            found = asyncio.run(replay_folder(folder))
    except ScenarioError as error:
        raise CliError(str(error), USAGE) from None
    except OSError as error:
        raise CliError(f"{error.filename or folder}: {error.strerror}", USAGE) from None
    if as_json:
        say_json(found)
        return
    incidents = found["incidents"]
    say(f"{plain(found['scenario'])}: {count(found['triggers'], 'trigger')}, {count(len(incidents), 'incident')}")
    for incident in incidents:
        _show(incident)


def _show(incident: dict[str, Any]) -> None:
    cause = incident["cause"]
    opened = datetime.fromisoformat(incident["opened_at"])
    say()
    say(
        f"{severity(incident['severity'])}  {plain(', '.join(incident['hosts']))}  since {opened:%Y-%m-%d %H:%M:%S} UTC"
    )
    say(f"  {paint(plain(incident['title']), 'bold')}")
    part = f" · {plain(cause['component'])}" if cause["component"] else ""
    say(f"  {plain(cause['id'])}{part} · {cause['confidence']:.0%} · {incident['state']}")
    for each in incident["evidence"][:MAX_EVIDENCE]:
        say(paint(f"  {each['time'][11:19]} {each['source']}  {plain(each['text'])}", "dim"))
    if (left := len(incident["evidence"]) - MAX_EVIDENCE) > 0:
        say(paint(f"  … {left} more", "dim"))
    for action in incident["actions"]:
        say(f"  {action['state']}: {action['kind']} on {plain(action['target'])}")
