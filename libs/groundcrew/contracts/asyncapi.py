"""`docs/asyncapi.json`, generated: `python -m groundcrew.contracts.asyncapi` prints it, `--check FILE` compares.

AsyncAPI 3.0 describes channels (subjects), the messages on them, and operations. Ours describes the whole system, so
each operation says in `x-services` who does it. What AsyncAPI has no words for stands in `x-` fields beside it:
streams with their retention, durable consumers, key-value buckets.
"""

import argparse
import difflib
import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from groundcrew.contracts.envelope import Envelope, Message
from groundcrew.contracts.queries import Endpoint, Endpoints, StreamEndpoint
from groundcrew.contracts.streams import ROUTES, STREAMS, Buckets, Durable, Durables, Route, Stream

_DESCRIPTION = (
    "What Groundcrew's services say to each other on NATS. Messages travel on JetStream streams, at least once, in an "
    "envelope with a deterministic id; endpoints are request and reply through the NATS services API. Readers ignore "
    "fields that they don't know, and read an unknown value of an enum as `unknown`."
)
_PARAMETERS = {
    "site": "the tenant, one subject token as it stands",
    "entity": "`kind:name` as one token: lower case, each byte outside `[a-z0-9-]` as `_hh` in hex",
    "severity": "info, warning or critical",
    "incident": "id of the incident",
    "scope": "`fleet` or the id of an incident",
    "state": "the action's new state",
    "name": "name of the schedule",
    "stream": "name of the stream that the message was on",
}
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """The whole document."""
    schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Groundcrew",
            "version": version("groundcrew"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "nats": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": "one user per service, allowed what this document says",
                "security": [{"$ref": "#/components/securitySchemes/user"}],
            }
        },
        "channels": {_channel_name(route): _channel(route) for route in ROUTES}
        | {f"query.{_label(endpoint)}": _query_channel(endpoint) for endpoint in Endpoints.all()}
        | {f"reply.{_label(endpoint)}": _reply_channel(endpoint) for endpoint in Endpoints.all()},
        "operations": {f"publish.{route.message.TYPE}": _publish(route) for route in ROUTES}
        | {f"consume.{durable.name}": _consume(durable) for durable in Durables.all()}
        | {f"ask.{_label(endpoint)}": _ask(endpoint, "send", endpoint.callers) for endpoint in Endpoints.all()}
        | {f"answer.{_label(endpoint)}": _ask(endpoint, "receive", (endpoint.owner,)) for endpoint in Endpoints.all()},
        "components": {
            "schemas": schemas,
            "messages": {route.message.TYPE: _message(route.message) for route in ROUTES}
            | {name: _plain_message(name, schemas) for name in sorted(_exchanged())},
            "parameters": {name: {"description": text} for name, text in _PARAMETERS.items()},
            "securitySchemes": {"user": {"type": "userPassword"}},
        },
        "x-streams": {stream.name: _stream(stream) for stream in STREAMS},
        "x-buckets": [Buckets.INVENTORY, Buckets.TRIGGER_STATE, Buckets.TEMPLATES, Buckets.LEASES, Buckets.HELD],
    }


# --- channels --------------------------------------------------------------------------------------------------------


def _channel_name(route: Route) -> str:
    return route.message.TYPE


def _label(endpoint: Endpoint[Any, Any]) -> str:
    return f"{endpoint.owner}.{endpoint.what}"


def _parameters(address: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/parameters/{name}"} for name in _PLACEHOLDER.findall(address)}


def _channel(route: Route) -> dict[str, Any]:
    return {
        "address": route.subject,
        "messages": {route.message.TYPE: {"$ref": f"#/components/messages/{route.message.TYPE}"}},
        "parameters": _parameters(route.subject),
        "x-stream": route.stream,
    }


def _query_channel(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    address = f"gc.{{site}}.query.{endpoint.owner}.{endpoint.what}"
    name = endpoint.request.__name__
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": _parameters(address),
    }


def _reply_channel(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    name = endpoint.reply.__name__
    return {"address": None, "messages": {name: {"$ref": f"#/components/messages/{name}"}}}


# --- operations ------------------------------------------------------------------------------------------------------


def _publish(route: Route) -> dict[str, Any]:
    name = _channel_name(route)
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{route.message.TYPE}"}],
        "x-services": list(route.publishers),
    }


def _consume(durable: Durable) -> dict[str, Any]:
    """AsyncAPI gives an operation one channel; a durable with several has the first, and all in `x-filters`."""
    routes = [route for route in ROUTES if _hears(durable, route)]
    name = _channel_name(routes[0])
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{routes[0].message.TYPE}"}],
        "x-services": [durable.owner],
        "x-types": [route.message.TYPE for route in routes],
        "x-filters": list(durable.filters),
        "x-acknowledged-within-s": durable.ack_wait_s,
        "x-deliveries-at-most": durable.max_deliver,
    }


def _hears(durable: Durable, route: Route) -> bool:
    """Whether a message of this route can match a filter: tokens are equal, or one of them stands for any."""
    if route.stream != durable.stream:
        return False
    subject = route.subject.split(".")

    def is_open(part: str) -> bool:
        return part.startswith(("*", "{"))

    def matches(given: str) -> bool:
        tokens = given.split(".")
        return len(tokens) == len(subject) and all(
            a == b or is_open(a) or is_open(b) for a, b in zip(tokens, subject, strict=True)
        )

    return any(matches(one) for one in durable.filters)


def _ask(endpoint: Endpoint[Any, Any], action: str, services: tuple[str, ...]) -> dict[str, Any]:
    label = _label(endpoint)
    asked, answered = endpoint.request.__name__, endpoint.reply.__name__
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/query.{label}"},
        "messages": [{"$ref": f"#/channels/query.{label}/messages/{asked}"}],
        "reply": {
            "channel": {"$ref": f"#/channels/reply.{label}"},
            "messages": [{"$ref": f"#/channels/reply.{label}/messages/{answered}"}],
        },
        "x-services": list(services),
    }
    if isinstance(endpoint, StreamEndpoint):
        operation["x-in-parts"] = True
    return operation


# --- messages and schemas --------------------------------------------------------------------------------------------


def _exchanged() -> set[str]:
    """Names of what endpoints are asked and answer."""
    return {model.__name__ for endpoint in Endpoints.all() for model in (endpoint.request, endpoint.reply)}


def _message(message: type[Message]) -> dict[str, Any]:
    name = message.__name__
    narrowed = {
        "type": "object",
        "properties": {"type": {"const": message.TYPE}, "data": {"$ref": _REF.format(model=name)}},
    }
    described = " ".join((message.__dict__.get("__doc__") or "").split())
    return {
        "name": message.TYPE,
        "title": name,
        **({"summary": described} if described else {}),
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, narrowed]},
        "x-version": message.V,
    }


def _plain_message(name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    assert name in schemas, name
    return {"name": name, "payload": {"$ref": _REF.format(model=name)}}


def _schemas() -> dict[str, Any]:
    models = [route.message for route in ROUTES]
    exchanged = [model for endpoint in Endpoints.all() for model in (endpoint.request, endpoint.reply)]
    wanted: list[type[BaseModel]] = list(dict.fromkeys([Envelope, *models, *exchanged]))
    _, found = models_json_schema([(model, "validation") for model in wanted], ref_template=_REF)
    schemas: dict[str, Any] = found["$defs"]
    schemas["Envelope"]["properties"]["data"] = {"type": "object", "description": "the message itself"}
    schemas["Headers"] = {
        "type": "object",
        "properties": {
            "Nats-Msg-Id": {"type": "string", "description": "the envelope's id; the same id is stored once"},
            "traceparent": {"type": "string", "description": "W3C Trace Context"},
        },
        "required": ["Nats-Msg-Id"],
    }
    return dict(sorted(schemas.items()))


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "subjects": list(stream.subjects),
        "retention": stream.retention.value,
        "max-bytes": stream.max_bytes,
        "max-age-s": stream.max_age_s,
        "duplicate-window-s": stream.duplicate_window_s,
        "partitioned": stream.partitioned,
    }


def rendered() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m groundcrew.contracts.asyncapi", description=__doc__)
    parser.add_argument("--check", metavar="FILE", type=Path, help="exit 1 with the difference if FILE is out of date")
    chosen = parser.parse_args(arguments)
    text = rendered()
    if chosen.check is None:
        sys.stdout.write(text)
        return 0
    present = chosen.check.read_text() if chosen.check.exists() else ""
    if present == text:
        return 0
    difference = difflib.unified_diff(
        present.splitlines(), text.splitlines(), str(chosen.check), "generated", lineterm="", n=1
    )
    sys.stdout.write("\n".join(difference) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
