"""What the catalogue lets through, and what no parameter may ever do."""

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from groundcrew.contracts.actions import ActionKind, RiskClass
from groundcrew.policy.catalogue import CATALOGUE, prepare
from groundcrew.policy.rendering import ActionRefused, Slot
from groundcrew.policy.units import PROTECTED_UNITS, protected_by

HOST = "host:brickbox-43"


def test_a_restart_is_systemctl_restart_with_the_unit_behind_the_end_of_options() -> None:
    ready = prepare(ActionKind.SERVICE_RESTART, HOST, {"unit": "trainer.service"})
    assert ready.argv == ["systemctl", "restart", "--", "trainer.service"]
    assert ready.probe[:2] == ["systemctl", "show"]
    assert ready.probe[-2:] == ["--", "trainer.service"]


def test_a_journal_query_has_defaults_and_leaves_out_what_was_not_asked() -> None:
    ready = prepare(ActionKind.JOURNAL_QUERY, HOST, {})
    assert ready.argv == [
        "journalctl", "--no-pager", "--quiet", "--utc", "--output=short-iso", "--since=-1h", "--lines=200",
    ]  # fmt: skip


def test_a_ticket_runs_on_no_host() -> None:
    ready = prepare(ActionKind.TICKET_CREATE, "bmc:bmc-43", {"title": "PSU2 lost its input"})
    assert ready.argv == []
    assert not ready.entry.on_host


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ("sshd.service", "protected"),
        ("ssh@1.service", "protected"),
        ("systemd-journald.service", "protected"),
        ("DBUS.service", "protected"),
        ("networking.service", "protected"),
        ("NetworkManager-dispatcher.service", "protected"),
        ("groundcrew-runner.service", "protected"),
        ("init.scope", "expected the name of a service unit"),
        ("-.mount", "expected the name of a service unit"),
        ("--force", "expected the name of a service unit"),
        ("-H.service", "expected the name of a service unit"),
        ("trainer", "expected the name of a service unit"),
        ("trainer.service\n", "expected the name of a service unit"),
        ("a.service b.service", "expected the name of a service unit"),
        ("a.service;reboot", "expected the name of a service unit"),
        ("../../etc/a.service", "expected the name of a service unit"),
        ("", "expected the name of a service unit"),
    ],
)
def test_units_that_nobody_may_restart(unit: str, reason: str) -> None:
    with pytest.raises(ActionRefused, match=reason):
        prepare(ActionKind.SERVICE_RESTART, HOST, {"unit": unit})


def test_a_site_can_protect_more_units() -> None:
    prepare(ActionKind.SERVICE_RESTART, HOST, {"unit": "slurmctld.service"})
    with pytest.raises(ActionRefused, match="protected"):
        prepare(ActionKind.SERVICE_RESTART, HOST, {"unit": "slurmctld.service"}, protected=["slurm*"])


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "reason"),
    [
        (ActionKind.UNKNOWN, HOST, {}, "no action of kind"),
        (ActionKind.SERVICE_RESTART, "bmc:b", {"unit": "a.service"}, "acts on host"),
        (ActionKind.SERVICE_RESTART, HOST, {}, "'unit' is missing"),
        (ActionKind.SERVICE_RESTART, HOST, {"unit": "a.service", "shell": "sh"}, "'shell' is not known"),
        (ActionKind.JOURNAL_QUERY, HOST, {"since": "1h --output=export"}, "expected how far"),
        (ActionKind.JOURNAL_QUERY, HOST, {"lines": "1000000"}, "expected a number of lines"),
        (ActionKind.TICKET_CREATE, HOST, {"title": "two\nlines"}, "expected one line"),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused_with_a_reason(
    kind: ActionKind, target: str, parameters: dict[str, str], reason: str
) -> None:
    with pytest.raises(ActionRefused, match=reason):
        prepare(kind, target, parameters)


ON_HOST = sorted((kind for kind, entry in CATALOGUE.items() if entry.on_host), key=str)
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.ascii_letters + "-=;|&$` \n\0'\"./\\@:", max_size=60),
    st.text(alphabet=string.ascii_lowercase + "-.@", min_size=1, max_size=20).map(lambda s: s + ".service"),
)


@given(kind=st.sampled_from(ON_HOST), data=st.data())
@example(kind=ActionKind.SERVICE_RESTART, data=None)
def test_no_parameter_adds_an_element_or_becomes_an_option(kind: ActionKind, data: st.DataObject | None) -> None:
    entry = CATALOGUE[kind]
    given_values = (
        {"unit": "--help.service"} if data is None else {p.name: data.draw(HOSTILE) for p in entry.parameters}
    )
    try:
        ready = prepare(kind, HOST, given_values)
    except ActionRefused:
        assume(data is not None)
        return
    for template, argv in ((entry.argv, ready.argv), (entry.probe, ready.probe)):
        assert len(argv) == len(template)
        for part, element in zip(template, argv, strict=True):
            if isinstance(part, Slot):
                value = element.removeprefix(part.prefix)
                assert element.startswith(part.prefix)
                assert part.prefix or not element.startswith("-")
                assert not any(c.isspace() or c == "\0" for c in value)
            else:
                assert element == part


@given(st.sampled_from(PROTECTED_UNITS), st.text(alphabet=string.ascii_lowercase, max_size=8))
def test_every_protected_pattern_covers_its_units_in_any_case(pattern: str, tail: str) -> None:
    name = pattern.replace("*", tail) + ".service" if "*" in pattern else pattern
    assert protected_by(name)
    assert protected_by(name.upper())


def test_every_entry_that_changes_a_host_probes_it_and_has_a_bound() -> None:
    for entry in CATALOGUE.values():
        assert 0 < entry.timeout_s <= 600
        assert entry.effect
        assert entry.undo
        if entry.risk in {RiskClass.DISRUPTIVE, RiskClass.DESTRUCTIVE}:
            assert entry.probe
            assert entry.cool_down_s > 0
