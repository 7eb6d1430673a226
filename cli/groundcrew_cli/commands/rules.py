"""`groundcrew rules`."""

from pathlib import Path
from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

app = typer.Typer(help="The rules that detect: list them, and try them on lines.", no_args_is_help=True)


@app.command("list")
def rules_list(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="All of these words in id, kind, title or cause."),
    ] = None,
    source: Annotated[str, typer.Option(help="Only of log, sel, sensor, metrics or services.")] = "",
    as_json: Json = False,
) -> None:
    """All rules, thresholds and service checks: shipped ones and your own."""
    from groundcrew_cli import rules

    rules.show_list(words=words or [], source=source, as_json=as_json)


@app.command("show")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule, by its whole id.")], as_json: Json = False
) -> None:
    """One rule: what it looks for, what it means, what to do."""
    from groundcrew_cli import rules

    rules.show_one(rule, as_json=as_json)


@app.command("test")
def rules_test(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Lines, or JSONL with a `line` key; - is standard input.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What the rules make of each line of a file; without one, whether every rule holds to its examples.

    Each line is judged alone: rates and debounce are off. Exit code 1 where an example does not hold.
    """
    from groundcrew_cli import recorded, rules, sorting

    if file is not None:
        sorting.sort_file(file, as_json=as_json)
    elif not rules.check_packs(as_json=as_json, data=recorded.data_folder()):
        raise typer.Exit(1)


@app.command("explain")
def rules_explain(
    line: Annotated[str, typer.Argument(metavar="LINE", help="A log line, with or without time and host.")],
    program: Annotated[str, typer.Option(help="Who wrote it, such as kernel; default: as the line says.")] = "",
    as_json: Json = False,
) -> None:
    """Why a line triggers or does not, and what to do next."""
    from groundcrew_cli import rules

    rules.explain_line(line, identifier=program, as_json=as_json)


@app.command("promote")
def rules_promote(
    template: Annotated[
        str | None, typer.Argument(metavar="[TEMPLATE_ID]", help="A mined template; the first few characters do.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what may be promoted, and end.")] = False,
    severity: Annotated[str, typer.Option(help="info, warning or critical.")] = "warning",
    rule_id: Annotated[str, typer.Option("--id", help="Id of the rule; default: made of its words.")] = "",
    kind: Annotated[str, typer.Option(help="What the text says, e.g. nvme_timeout.")] = "",
    component_class: Annotated[str, typer.Option("--class", help="Default: as the model sorted it.")] = "",
    cause: Annotated[list[str] | None, typer.Option(help="Cause that it speaks for; may be repeated.")] = None,
    title: Annotated[str, typer.Option(help="One line for the operator.")] = "",
    meaning: Annotated[str, typer.Option(help="What it means.")] = "",
    step: Annotated[list[str] | None, typer.Option(help="What to do; may be repeated.")] = None,
    counter_example: Annotated[list[str] | None, typer.Option(help="A line that it must not fire on.")] = None,
    packs: Annotated[
        Path | None, typer.Option(readable=False, help="Folder to write to; default: trigger.packs.")
    ] = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Make a rule of your own out of a mined template, into rules-promoted.toml.

    It is checked before it is written; a running system takes it up by itself.
    """
    from groundcrew_cli import connection, kinds, promoting

    with connection.connect(url, key_file, site) as gateway:
        if listed or template is None:
            kinds.show(gateway, novel=None, contains=None, limit=50, as_json=as_json, now=now())
            return
        folder = promoting.folder_of(packs)
        wishes = promoting.Wishes(
            severity=severity, id=rule_id, kind=kind, component_class=component_class, causes=cause or [], title=title,
            meaning=meaning, steps=step or [], counter_examples=counter_example or [],
        )  # fmt: skip
        promoting.promote(kinds.find(gateway, template), wishes, folder, as_json=as_json)


@app.command("bench")
def rules_bench(
    write: Annotated[bool, typer.Option("--write", help="Write docs/benchmarks/detection.md as well.")] = False,
    as_json: Json = False,
) -> None:
    """Measure detection: the same as `bench detection`."""
    from groundcrew_cli import benching

    benching.bench(["detection"], write=write, as_json=as_json, now=now())
