"""Who may do what, as the broker's configuration says it. That the server enforces it is in tests/contract/bus."""

import pytest

from groundcrew.bus.access import ADMIN, SERVICES
from groundcrew.bus.permissions import denied, publishes, server_config, subscribes
from groundcrew.bus.subjects import matches
from groundcrew.contracts.streams import MIB

SITES = ["demo"]
PASSWORDS = dict.fromkeys((*SERVICES, ADMIN), "secret")


def who_may_publish(subject):
    return {service for service in SERVICES if any(matches(allowed, subject) for allowed in publishes(service, SITES))}


@pytest.mark.parametrize(
    ("subject", "services"),
    [
        ("gc.demo.action.granted.host_3aweb-1", {"actions"}),
        ("gc.demo.action.reported.host_3aweb-1", {"runner"}),
        ("gc.demo.action.proposed.host_3aweb-1", {"review", "meta", "mcp"}),
        ("gc.demo.action.approved.host_3aweb-1", {"actions"}),
        ("gc.demo.observe.logs.host_3aweb-1", {"host-collector", "gateway"}),
        ("gc.demo.observe.sel.bmc_3ax", {"ipmi-collector"}),
        ("gc.demo.trigger.critical.host_3aweb-1", {"trigger"}),
        ("gc.demo.incident.opened.abc", {"context"}),
        ("gc.demo.query.actions.decide", {"gateway"}),
        ("gc.demo.schedule.review", {"review", "actions"}),
        ("gc.demo.tick.review", set()),
        ("gc.demo.deadletter.OBSERVE", set(SERVICES)),
        ("gc.other.action.granted.host_3aweb-1", set()),
        ("$KV.inventory.demo.current", {"context"}),
        ("$KV.inventory.other.current", set()),
        ("$JS.API.STREAM.DELETE.ACTION", set()),
        ("$JS.API.STREAM.PURGE.ACTION", set()),
        ("$JS.API.STREAM.MSG.DELETE.ACTION", set()),
        ("$JS.API.STREAM.UPDATE.ACTION", {"context"}),
        ("$JS.API.CONSUMER.DELETE.OBSERVE.demo-record-p0", set()),
        ("$JS.API.CONSUMER.MSG.NEXT.OBSERVE.demo-record-p0", {"context"}),
        ("$JS.ACK.OBSERVE.demo-trigger-p3.1.2.3.4.0", {"trigger"}),
        ("$JS.API.CONSUMER.CREATE.OBSERVE.demo-record-p0", set(SERVICES)),
    ],
)
def test_a_subject_may_be_published_by(subject, services):
    assert who_may_publish(subject) == services


def test_a_runner_cannot_take_the_messages_of_actions():
    proposals = "$JS.API.CONSUMER.MSG.NEXT.ACTION.demo-proposals"
    assert any(matches(pattern, proposals) for pattern in denied("runner", SITES))
    own = "$JS.API.CONSUMER.MSG.NEXT.ACTION.demo-runner-host_3aweb-1"
    assert any(matches(pattern, own) for pattern in publishes("runner", SITES))
    assert not any(matches(pattern, own) for pattern in denied("runner", SITES))


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_hears_another_services_inbox(service):
    others = [f"_INBOX_{other}.abc.def" for other in SERVICES if other != service]
    assert not [inbox for inbox in others if any(matches(p, inbox) for p in subscribes(service, SITES))]
    assert f"_INBOX_{service}.>" in list(subscribes(service, SITES))


def test_only_those_with_a_live_view_hear_messages():
    hearing = {s for s in SERVICES if any(matches(p, "gc.demo.incident.opened.abc") for p in subscribes(s, SITES))}
    assert hearing == {"gateway", "mcp"}


def test_only_the_owner_hears_requests():
    hearing = {s for s in SERVICES if any(matches(p, "gc.demo.query.context.hosts") for p in subscribes(s, SITES))}
    assert hearing == {"context"}


def config(**changes):
    settings = {"passwords": PASSWORDS, "sites": SITES, "store_dir": "/var/lib/nats"} | changes
    return server_config(**settings)


def test_parameters_reach_the_configuration():
    text = config(listen="0.0.0.0:4222", http="127.0.0.1:8222", max_file_store=64 * MIB)
    for line in (
        'listen: "0.0.0.0:4222"',
        'http: "127.0.0.1:8222"',
        'store_dir: "/var/lib/nats"',
        f"max_file_store: {64 * MIB}",
        'sync_interval: "always"',
    ):
        assert line in text
    assert text == config(listen="0.0.0.0:4222", http="127.0.0.1:8222", max_file_store=64 * MIB)


def test_a_password_may_come_from_the_environment():
    text = config(passwords=PASSWORDS | {"trigger": "$NATS_PASSWORD_TRIGGER"})
    assert 'user: "trigger", password: $NATS_PASSWORD_TRIGGER' in text
    assert 'user: "context", password: "secret"' in text


@pytest.mark.parametrize("password", ["", 'a"b', "a b", "a\nb", "$lower", "x" * 129])
def test_a_password_that_the_syntax_could_misread_is_refused_by_user(password):
    with pytest.raises(ValueError, match="password of NATS user 'trigger'") as error:
        config(passwords=PASSWORDS | {"trigger": password})
    assert not password or password not in str(error.value)


def test_a_missing_password_is_told():
    with pytest.raises(ValueError, match="password of NATS user 'admin'"):
        config(passwords=dict.fromkeys(SERVICES, "x"))


def test_a_path_cannot_write_configuration():
    with pytest.raises(ValueError, match="cannot be written"):
        config(store_dir='/tmp/"\n}')
