"""The API and its description, completed with what holds for every operation: site, credentials, errors, examples.

`python -m groundcrew_gateway.openapi` prints it; `docs/openapi.json` is its checked-in snapshot.
"""

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from groundcrew_gateway.examples import examples
from groundcrew_gateway.problems import MEDIA_TYPE, ProblemDocument
from groundcrew_gateway.rest import (
    actions,
    alerts,
    bmcs,
    conversations,
    fleet,
    incidents,
    inventory,
    knowledge,
    live,
    reports,
    sessions,
    silences,
)
from groundcrew_gateway.rest.once import HEADER

SUMMARY = "What is wrong in a fleet, why, and what is done about it."

_ERRORS = {
    "400": "The request makes no sense as it stands",
    "401": "No credential, or a wrong one",
    "403": "The key does not reach this site, or its role does not allow this",
    "404": "There is no such thing",
    "409": "It has changed meanwhile and this no longer applies",
    "412": "If-Match names a revision that is over",
    "422": "A field is not what is expected; see `errors`",
    "429": "Too many refused credentials; see Retry-After",
    "503": "The owner of the data does not answer; see Retry-After",
}
_OPEN = frozenset({"getSession", "createSession", "deleteSession"})
_IDEMPOTENT = frozenset(
    {
        "acknowledgeIncident",
        "resolveIncident",
        "noteIncident",
        "mitigateIncident",
        "maintainIncident",
        "reopenIncident",
        "assignIncident",
        "approveAction",
        "rejectAction",
        "editInventory",
        "addDependency",
        "addKnowledge",
        "addSilence",
        "makeSummary",
        "makeTasks",
        "makeRootCause",
        "closeTask",
    }
)
_SITE = {
    "name": "site",
    "in": "query",
    "required": False,
    "description": "the site that the request is about; by default the key's first",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
    "example": "default",
}
_ONCE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "the same key within 24 hours takes effect once and answers the same",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "example": "6f1c6d0e-approve",
}


def describe(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes, description=_DESCRIPTION
    )
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["FieldError"] = schemas["ProblemDocument"].pop("$defs")["FieldError"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, example in examples().items():
        schemas[name]["examples"] = [example]
    components["parameters"] = {"site": _SITE, "idempotencyKey": _ONCE}
    components["responses"] = {f"Problem{status}": _problem(text) for status, text in _ERRORS.items()}
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "gck_<id>_<secret>"},
        "session": {"type": "apiKey", "in": "cookie", "name": "groundcrew_session"},
    }
    for path in schema["paths"].values():
        for operation in path.values():
            _complete(operation)
    return schema


_DESCRIPTION = (
    "Every request is about one site. Lists come in pages: `next` of one page is the `cursor` of the following. "
    "Times are RFC 3339 in UTC. Errors are RFC 9457 problem documents. "
    "Live events: WebSocket `/api/v1/live`, JSON messages with a `kind` "
    "(`hello`, `incident`, `action`, `trigger`, `review`, `analysis`, `heartbeat`, `refresh`)."
)


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    responses = operation["responses"]
    for status in _ERRORS:
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    if name in _OPEN:
        operation["security"] = []
    else:
        operation["security"] = [{"key": []}, {"session": []}]
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/site"})
    if name in _IDEMPOTENT:
        operation["parameters"].append({"$ref": "#/components/parameters/idempotencyKey"})


def bare_app() -> FastAPI:
    """The API alone, as its description needs it."""
    app = FastAPI(
        title="Groundcrew",
        version="1",
        summary=SUMMARY,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in (
        fleet, bmcs, inventory, silences, incidents, actions, reports, conversations, knowledge, alerts, sessions, live
    ):  # fmt: skip
        app.include_router(part.router)

    def schema() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]
    return app


def rendered() -> str:
    """The snapshot's text; needs no bus and no store."""
    return json.dumps(bare_app().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
