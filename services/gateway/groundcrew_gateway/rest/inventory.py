"""The inventory: read as a whole or entry by entry, edited under the caller's name.

`ETag` is the revision in quotes. `If-Match` makes an edit hold for that revision only (412 where it moved on).
An entry of the operator's file is 409: it is edited there.
"""

from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from pydantic import Field, ValidationError
from starlette.responses import Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.identity import Entity
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost
from groundcrew.contracts.queries import EditInventory, Endpoints, Failure, InventoryQuery
from groundcrew_gateway.access import Admin, Caller, Viewer
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, HostName

router = APIRouter(prefix="/api/v1/inventory", tags=["inventory"])

_MOST = 1_000
IfMatch = Annotated[
    str | None, Header(max_length=100, description='the `ETag` that the edit is made for, e.g. "7"', examples=['"7"'])
]


class InventoryChange(Body):
    """Entries are added, or replaced by name; what is not named stays. All of it holds, or none."""

    host: list[InventoryHost] = Field(default_factory=list, max_length=_MOST)
    bmc: list[InventoryBmc] = Field(default_factory=list, max_length=_MOST)
    dependency: list[InventoryDependency] = Field(default_factory=list, max_length=_MOST)
    remove: list[str] = Field(
        default_factory=list,
        max_length=_MOST,
        description="'host:name', 'bmc:name', or 'dependency:entity>on'",
        examples=[["host:web-07", "dependency:host:web-01>host:nfs-1"]],
    )


@router.get("", operation_id="getInventory", summary="The whole inventory, as one revision", response_model=Inventory)
async def get_inventory(
    caller: Viewer, if_none_match: Annotated[str | None, Header(max_length=100, include_in_schema=False)] = None
) -> Response:
    inventory = await _read(caller)
    if if_none_match is not None and _tag(inventory) in if_none_match:
        return Response(status_code=304, headers={"ETag": _tag(inventory)})
    return _answer(inventory.model_dump_json().encode(), inventory)


@router.patch("", operation_id="editInventory", summary="Add, replace and remove entries", response_model=Inventory)
async def patch_inventory(request: Request, caller: Admin, body: InventoryChange, if_match: IfMatch = None) -> Response:
    async def edit() -> Inventory:
        return await _edit(
            caller, if_match, host=body.host, bmc=body.bmc, dependency=body.dependency, remove=body.remove
        )

    response = await once(request, caller, edit)
    response.headers["ETag"] = f'"{orjson.loads(response.body)["revision"]}"'
    return response


@router.get(
    "/hosts/{name:path}", operation_id="getInventoryHost", summary="A host's entry", response_model=InventoryHost
)
async def get_host(caller: Viewer, name: HostName) -> Response:
    inventory = await _read(caller)
    return _entry(inventory, inventory.host, name, "host")


@router.put(
    "/hosts/{name:path}", operation_id="putInventoryHost", summary="Add or replace a host", response_model=InventoryHost
)
async def put_host(caller: Admin, name: HostName, body: InventoryHost, if_match: IfMatch = None) -> Response:
    _same_name(name, body.name)
    inventory = await _edit(caller, if_match, host=[body])
    return _entry(inventory, inventory.host, name, "host")


@router.delete(
    "/hosts/{name:path}", operation_id="deleteInventoryHost", summary="Remove a host", response_model=Inventory
)
async def delete_host(caller: Admin, name: HostName, if_match: IfMatch = None) -> Response:
    """One that still reports is taken up again, as observed."""
    return _whole(await _edit(caller, if_match, remove=[f"host:{name}"]))


@router.get("/bmcs/{name:path}", operation_id="getInventoryBmc", summary="A BMC's entry", response_model=InventoryBmc)
async def get_bmc(caller: Viewer, name: HostName) -> Response:
    inventory = await _read(caller)
    return _entry(inventory, inventory.bmc, name, "bmc")


@router.put(
    "/bmcs/{name:path}", operation_id="putInventoryBmc", summary="Add or replace a BMC", response_model=InventoryBmc
)
async def put_bmc(caller: Admin, name: HostName, body: InventoryBmc, if_match: IfMatch = None) -> Response:
    """Credentials are named (a file or an environment variable of the collector), never sent."""
    _same_name(name, body.name)
    inventory = await _edit(caller, if_match, bmc=[body])
    return _entry(inventory, inventory.bmc, name, "bmc")


@router.delete("/bmcs/{name:path}", operation_id="deleteInventoryBmc", summary="Remove a BMC", response_model=Inventory)
async def delete_bmc(caller: Admin, name: HostName, if_match: IfMatch = None) -> Response:
    return _whole(await _edit(caller, if_match, remove=[f"bmc:{name}"]))


@router.post(
    "/dependencies", operation_id="addDependency", summary="Say what an entity depends on", response_model=Inventory
)
async def post_dependency(
    request: Request, caller: Admin, body: InventoryDependency, if_match: IfMatch = None
) -> Response:
    return await once(request, caller, lambda: _edit(caller, if_match, dependency=[body]))


@router.delete(
    "/dependencies", operation_id="deleteDependency", summary="Remove a dependency", response_model=Inventory
)
async def delete_dependency(caller: Admin, entity: Entity, on: Entity, if_match: IfMatch = None) -> Response:
    return _whole(await _edit(caller, if_match, remove=[f"dependency:{entity}>{on}"]))


async def _read(caller: Caller) -> Inventory:
    return await caller.ask(Endpoints.INVENTORY, InventoryQuery())


async def _edit(
    caller: Caller,
    if_match: str | None,
    *,
    host: list[InventoryHost] | None = None,
    bmc: list[InventoryBmc] | None = None,
    dependency: list[InventoryDependency] | None = None,
    remove: list[str] | None = None,
) -> Inventory:
    wanted = _revision(if_match)
    try:
        edit = EditInventory(
            actor=caller.name,
            revision=wanted,
            host=host or [],
            bmc=bmc or [],
            dependency=dependency or [],
            remove=remove or [],
        )
        return await caller.ask(Endpoints.EDIT_INVENTORY, edit)
    except RequestFailed as error:
        if error.failure is Failure.CONFLICT and wanted is not None:
            now = (await _read(caller)).revision
            if now != wanted:
                raise Problem(412, f"the inventory is at revision {now} now, not {wanted}: read it again") from None
        raise
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Problem(422, str(first["msg"])) from None


def _revision(if_match: str | None) -> int | None:
    """The revision that `If-Match` names; None where there is none, or '*'."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Problem(400, 'If-Match: the ETag of an inventory is expected, for example "7"')
    return int(text)


def _same_name(path: str, body: str) -> None:
    if path != body:
        raise Problem(422, f"name: the address says {path[:80]!r} and the body {body[:80]!r}; they must be the same")


def _entry(inventory: Inventory, entries: list[InventoryHost] | list[InventoryBmc], name: str, kind: str) -> Response:
    for entry in entries:
        if entry.name == name:
            return _answer(entry.model_dump_json().encode(), inventory)
    raise Problem(404, f"the inventory has no {kind} {name[:80]!r}")


def _whole(inventory: Inventory) -> Response:
    return _answer(inventory.model_dump_json().encode(), inventory)


def _answer(body: bytes, inventory: Inventory) -> Response:
    return Response(body, media_type="application/json", headers={"ETag": _tag(inventory)})


def _tag(inventory: Inventory) -> str:
    return f'"{inventory.revision}"'
