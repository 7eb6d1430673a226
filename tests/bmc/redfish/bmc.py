"""A simulated BMC that speaks Redfish: its resources, its sessions, its log, and what can be wrong with it."""

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER = "monitor"
PASSWORD = "a pass phrase longer than IPMI's twenty bytes"
START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


STREAM = "/redfish/v1/EventService/SSE"
SUBSCRIPTIONS = "/redfish/v1/EventService/Subscriptions"


@dataclass
class Answer:
    """`status` 0: no answer at all."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class RedfishBmc:
    """Knobs are plain attributes; a test turns them while the server runs."""

    name: str = "bmc"
    schema: str = "old"  # or "new": Sensors, ThermalSubsystem, PowerSubsystem
    newest_first: bool = True
    page: int = 50
    skips: bool = True
    next_links: bool = True
    linked: bool = False
    expands: bool = False
    etags: bool = False
    mirrored: bool = False
    dimms: int = 4
    max_sessions: int = 4
    has_sessions: bool = True
    password: str = PASSWORD
    uuid: str = "11111111-2222-3333-4444-555555555555"
    clock_off: timedelta = timedelta()
    power: str = "On"
    inlet: float = 24
    psu2_health: str = "OK"
    dimm1_health: str = "OK"
    log_policy: str = "WrapsWhenFull"
    hangs: bool = False
    drips: bool = False
    slow_s: float = 0
    garbage: bool = False
    fails_with: int = 0
    fails_on: str = ""
    empty_log: bool = False
    streams: bool = False  # ServerSentEventUri
    stream_fault: str = ""  # drops, garbage, silent, floods, half, refuses
    pushes: bool = False  # Subscriptions
    types_only: bool = False  # it takes subscriptions by EventTypes alone, as iLO 5
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscribed: int = 0
    push_to: Any = None  # called with each subscription and its event
    streams_open: int = 0
    most_streams: int = 0
    streams_opened: int = 0
    still: bool = False  # nothing but clock and log changes: answers are made once, so that a fleet costs little

    entries: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    most_open: int = 0
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    most_connections: int = 0
    keeps: int = 2_000
    looks: list[float] = field(default_factory=list)
    listening: dict[Any, Any] = field(default_factory=dict)
    _number: int = 0
    _made: dict[str, dict[str, Any]] = field(default_factory=dict)

    # --- the log -----------------------------------------------------------------------------------------------------

    def add(self, count: int = 1, message: str = "", **fields: Any) -> None:
        for _ in range(count):
            self._number += 1
            self.entries.append(
                {
                    "Id": str(self._number),
                    "Created": (START + timedelta(seconds=self._number) - self.clock_off).isoformat(),
                    "EntryType": "Event",
                    "Severity": "OK",
                    "MessageId": "TST.1.0.Tick",
                    "Message": message or f"Tick number {self._number}",
                    **fields,
                }
            )
            if len(self.entries) > self.keeps:
                del self.entries[0]
        for wake in list(self.listening.values()):
            wake()
        for subscription in list(self.subscriptions.values()):
            body = {"@odata.type": "#Event.v1_3_0.Event", "Context": subscription["Context"],
                    "Events": self.entries[-1:]}  # fmt: skip
            if self.push_to is not None:
                self.push_to(subscription["Destination"], json.dumps(body).encode())

    def clear(self) -> None:
        """Numbers begin again, and a minute has passed."""
        self.entries.clear()
        self._number = 0

    # --- answering ---------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(target)
        path, query = parts.path.rstrip("/"), parse_qs(parts.query)
        if self.still:
            if path == "/redfish/v1/Systems/1":
                self.looks.append(time.monotonic())
        else:
            self.requests.append(f"{method} {target}")
        if self.fails_with and self.fails_on in path:
            return _json(self.fails_with, {"error": {"code": "Base.1.8.GeneralError", "message": "it failed"}})
        if self.garbage and path != "/redfish/v1":
            return Answer(200, b'{"@odata.id": "/redfish/v1/Sys', {"Content-Type": "application/json"})
        if path == "/redfish/v1/SessionService/Sessions" and method == "POST":
            return self._login(body)
        if path == "/redfish/v1":
            return _json(200, self._root())
        if not self._knows(headers):
            return _json(401, {"error": {"code": "Base.1.8.NoValidSession"}})
        if method == "POST" and path == SUBSCRIPTIONS and self.pushes:
            return self._subscribe(json.loads(body))
        if method == "DELETE" and path in self.subscriptions:
            del self.subscriptions[path]
            return Answer(204)
        if method == "DELETE":
            token = next((token for token, uri in self.sessions.items() if uri == path), None)
            self.sessions.pop(token or "", None)
            return Answer(204 if token else 404)
        found = self._get(path, query)
        if found is None:
            return _json(404, {"error": {"code": "Base.1.8.ResourceMissingAtURI"}})
        return self._with_etag(found, headers)

    def _subscribe(self, said: dict[str, Any]) -> Answer:
        if self.types_only != ("EventTypes" in said):
            return _json(400, {"error": {"code": "Base.1.8.PropertyUnknown"}})
        self.subscribed += 1
        path = f"{SUBSCRIPTIONS}/{self.subscribed}"
        self.subscriptions[path] = said
        return Answer(201, b"{}", {"Location": path})

    def knows(self, headers: dict[str, str]) -> bool:
        """Whether a request for the stream of events is let in."""
        return self._knows(headers) and self.stream_fault != "refuses"

    def event(self) -> bytes:
        """The newest entry as an event of the stream, as XCC folds it."""
        entry = self.entries[-1] if self.entries else {}
        body = json.dumps({"@odata.type": "#Event.v1_3_0.Event", "Events": [entry]}, indent=1)
        lines = "".join(f"data:{line}\r\n" for line in body.splitlines())
        return f"id:{self._number}\r\n{lines}\r\n".encode()

    def _with_etag(self, found: dict[str, Any], headers: dict[str, str]) -> Answer:
        answer = _json(200, found)
        if self.etags:
            answer.headers["ETag"] = f'W/"{hash(answer.body) & 0xFFFFFFFF:x}"'
            if headers.get("if-none-match") == answer.headers["ETag"]:
                return Answer(304, b"", {"ETag": answer.headers["ETag"]})
        return answer

    def _login(self, body: bytes) -> Answer:
        if not self.has_sessions:
            return _json(405, {"error": {"code": "Base.1.8.OperationNotAllowed"}})
        said = json.loads(body)
        if (said.get("UserName"), said.get("Password")) != (USER, self.password):
            return _json(401, {"error": {"code": "Base.1.8.ResourceAtUriUnauthorized"}})
        if len(self.sessions) >= self.max_sessions:
            text = "The maximum number of user sessions is reached."
            return _json(503, {"error": {"@Message.ExtendedInfo": [{"MessageId": "TST.2.4.RAC0218", "Message": text}]}})
        self.opened += 1
        token, path = secrets.token_hex(16), f"/redfish/v1/SessionService/Sessions/{self.opened}"
        self.sessions[token] = path
        self.most_open = max(self.most_open, len(self.sessions))
        return Answer(201, b"{}", {"X-Auth-Token": token, "Location": f"https://bmc.example{path}"})

    def _knows(self, headers: dict[str, str]) -> bool:
        if headers.get("x-auth-token") in self.sessions:
            return True
        basic = "Basic " + b64encode(f"{USER}:{self.password}".encode()).decode()
        return headers.get("authorization") == basic

    def _root(self) -> dict[str, Any]:
        root: dict[str, Any] = {
            "@odata.id": "/redfish/v1", "RedfishVersion": "1.17.0", "Vendor": "Acme", "UUID": self.uuid,
            "Systems": _link("/redfish/v1/Systems"), "Chassis": _link("/redfish/v1/Chassis"),
            "Managers": _link("/redfish/v1/Managers"), "UpdateService": _link("/redfish/v1/UpdateService"),
            "Links": {"Sessions": _link("/redfish/v1/SessionService/Sessions")},
        }  # fmt: skip
        if self.streams or self.pushes:
            root["EventService"] = _link("/redfish/v1/EventService")
        if self.expands:
            root["ProtocolFeaturesSupported"] = {"ExpandQuery": {"Levels": True, "NoLinks": True, "MaxLevels": 2}}
        return root

    def _get(self, path: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        for log in ("/redfish/v1/Managers/1/LogServices/Sel", "/redfish/v1/Chassis/1/LogServices/Sel"):
            if path == f"{log}/Entries":
                return self._entries(path, query)
            if path.startswith(f"{log}/Entries/"):
                number = path.rpartition("/")[2]
                found = next((entry for entry in self.entries if entry["Id"] == number), None)
                return None if found is None else {"@odata.id": path, **found}
        found = self._tree().get(path)
        if found is not None and self.still and "DateTime" in found:
            return {**found, "DateTime": datetime.now(UTC).isoformat(timespec="seconds")}
        if found is not None and "$expand" in query and self.expands and "Members" in found:
            whole = [self._tree().get(member["@odata.id"], member) for member in found["Members"]]
            return {**found, "Members": whole}
        return found

    def _entries(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        listed = [] if self.empty_log else self.entries[::-1] if self.newest_first else self.entries
        skip = int(query.get("$skip", ["0"])[0]) if self.skips else 0
        shown = listed[skip : skip + self.page]
        members = [{"@odata.id": f"{path}/{entry['Id']}"} for entry in shown]
        expanded = self.expands and "$expand" in query
        if not self.linked or expanded:
            members = [{**member, **entry} for member, entry in zip(members, shown, strict=True)]
        found: dict[str, Any] = {"@odata.id": path, "Members@odata.count": len(listed), "Members": members}
        if skip + self.page < len(listed) and self.next_links:
            more = f"$expand={query['$expand'][0]}&" if expanded else ""
            found["Members@odata.nextLink"] = f"{path}?{more}$skip={skip + self.page}"
        return found

    # --- resources ---------------------------------------------------------------------------------------------------

    def _tree(self) -> dict[str, dict[str, Any]]:
        if not self.still:
            return dict(self._resources())
        self._made = self._made or dict(self._resources())
        return self._made

    def _resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in ("Systems", "Managers", "Chassis"):
            yield f"/redfish/v1/{name}", _members(f"/redfish/v1/{name}/1")
        system = "/redfish/v1/Systems/1"
        health = "Critical" if "Critical" in (self.dimm1_health, self.psu2_health) else "OK"
        yield system, {
            "@odata.id": system, "Manufacturer": "Acme", "Model": "Brick 4", "SerialNumber": f"SN-{self.name}",
            "BiosVersion": "2.1", "PowerState": self.power, "UUID": f"{self.uuid[:-1]}9",
            "Status": {"State": "Enabled", "Health": health, "HealthRollup": health},
            "Memory": _link(f"{system}/Memory"), "Processors": _link(f"{system}/Processors"),
            "Storage": _link(f"{system}/Storage"),
        }  # fmt: skip
        yield f"{system}/Memory", _members(*(f"{system}/Memory/{n}" for n in range(1, self.dimms + 1)))
        for n in range(1, self.dimms + 1):
            yield f"{system}/Memory/{n}", {
                "@odata.id": f"{system}/Memory/{n}", "Id": str(n), "Name": f"DIMM A{n}", "Manufacturer": "Acme",
                "SerialNumber": f"D{n}", "PartNumber": "M-32", "CapacityMiB": 32_768,
                "Status": {"State": "Enabled", "Health": self.dimm1_health if n == 1 else "OK"},
            }  # fmt: skip
        yield f"{system}/Processors", _members(f"{system}/Processors/CPU1")
        yield f"{system}/Processors/CPU1", {
            "@odata.id": f"{system}/Processors/CPU1", "Id": "CPU1", "Socket": "CPU 1", "ProcessorType": "CPU",
            "Model": "Acme 9000", "Status": {"State": "Enabled", "Health": "OK"},
        }  # fmt: skip
        yield from self._storage(f"{system}/Storage")
        yield from self._manager()
        if self.streams or self.pushes:
            yield "/redfish/v1/EventService", {
                "ServiceEnabled": True, "EventTypesForSubscription": ["Alert"],
                **({"ServerSentEventUri": STREAM, "EventFormatTypes": ["Event"]} if self.streams else {}),
                **({"Subscriptions": _link(SUBSCRIPTIONS)} if self.pushes else {}),
            }  # fmt: skip
        if self.pushes:
            yield SUBSCRIPTIONS, _members(*self.subscriptions)
            for path, said in self.subscriptions.items():
                yield path, {"@odata.id": path, **said}
        yield from self._chassis()
        yield "/redfish/v1/UpdateService", {"FirmwareInventory": _link("/redfish/v1/UpdateService/FirmwareInventory")}
        yield (
            "/redfish/v1/UpdateService/FirmwareInventory",
            _members("/redfish/v1/UpdateService/FirmwareInventory/BIOS"),
        )
        yield "/redfish/v1/UpdateService/FirmwareInventory/BIOS", {"Id": "BIOS", "Name": "BIOS", "Version": "2.1"}

    def _storage(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        yield path, _members(f"{path}/RAID")
        yield f"{path}/RAID", {
            "@odata.id": f"{path}/RAID", "Id": "RAID", "Drives": [_link(f"{path}/RAID/Drives/0")],
            "StorageControllers": [{"Name": "Acme RAID 9", "FirmwareVersion": "7.1", "Status": {"Health": "OK"}}],
        }  # fmt: skip
        yield f"{path}/RAID/Drives/0", {
            "Id": "Disk.Bay.0", "Model": "D-900", "SerialNumber": "W1", "Revision": "A1",
            "Status": {"State": "Enabled", "Health": "OK"},
        }  # fmt: skip

    def _manager(self) -> Iterator[tuple[str, dict[str, Any]]]:
        manager = "/redfish/v1/Managers/1"
        yield manager, {
            "@odata.id": manager, "FirmwareVersion": "1.74", "Model": "Acme BMC", "UUID": self.uuid,
            "DateTime": (datetime.now(UTC) - self.clock_off).isoformat(timespec="seconds"),
            "LogServices": _link(f"{manager}/LogServices"), "Status": {"State": "Enabled", "Health": "OK"},
        }  # fmt: skip
        owners = [manager, *(["/redfish/v1/Chassis/1"] if self.mirrored else [])]
        for owner in owners:
            yield f"{owner}/LogServices", _members(f"{owner}/LogServices/Sel", f"{owner}/LogServices/AuditLog")
            yield f"{owner}/LogServices/Sel", {
                "Id": "Sel", "MaxNumberOfRecords": self.keeps, "OverWritePolicy": self.log_policy,
                "Entries": _link(f"{owner}/LogServices/Sel/Entries"),
            }  # fmt: skip

    def _chassis(self) -> Iterator[tuple[str, dict[str, Any]]]:
        chassis = "/redfish/v1/Chassis/1"
        names = ("Thermal", "Power") if self.schema == "old" else ("Sensors", "ThermalSubsystem", "PowerSubsystem")
        yield (
            chassis,
            {
                "@odata.id": chassis,
                **{name: _link(f"{chassis}/{name}") for name in names},
                **({"LogServices": _link(f"{chassis}/LogServices")} if self.mirrored else {}),
            },
        )
        well = {"State": "Enabled", "Health": "OK"}
        supplies = [
            {"Name": f"PSU{n}", "MemberId": str(n - 1), "Model": "P-900", "SerialNumber": f"P{n}",
             "FirmwareVersion": "3", "LineInputVoltage": 230, "PowerOutputWatts": 210,
             "Status": {"State": "Enabled", "Health": self.psu2_health if n == 2 else "OK"}}
            for n in (1, 2)
        ]  # fmt: skip
        if self.schema == "old":
            yield f"{chassis}/Thermal", {
                "Temperatures": [
                    {"Name": "Inlet Temp", "ReadingCelsius": self.inlet, "UpperThresholdNonCritical": 38,
                     "UpperThresholdCritical": 43, "LowerThresholdCritical": 0, "Status": well},
                    {"Name": "CPU1 Temp", "ReadingCelsius": 50, "Status": well},
                ],
                "Fans": [{"FanName": "FAN1", "Reading": 6_000, "ReadingUnits": "RPM", "Status": well}],
            }  # fmt: skip
            yield (
                f"{chassis}/Power",
                {
                    "Voltages": [{"Name": "12V", "ReadingVolts": 12.1, "Status": well}],
                    "PowerSupplies": supplies,
                    "PowerControl": [{"Name": "System Power Control", "PowerConsumedWatts": 400}],
                },
            )
            return
        yield f"{chassis}/Sensors", _members(f"{chassis}/Sensors/Inlet", f"{chassis}/Sensors/Fan1")
        yield f"{chassis}/Sensors/Inlet", {
            "Id": "Inlet", "Name": "Inlet Temp", "Reading": self.inlet, "ReadingUnits": "Cel", "Status": well,
            "Thresholds": {"UpperCritical": {"Reading": 43}, "UpperCaution": {"Reading": 38}},
        }  # fmt: skip
        yield f"{chassis}/Sensors/Fan1", {"Id": "Fan1", "Name": "FAN1", "Reading": 6_000, "ReadingUnits": "RPM"}
        yield f"{chassis}/ThermalSubsystem", {"Fans": _link(f"{chassis}/ThermalSubsystem/Fans")}
        yield f"{chassis}/ThermalSubsystem/Fans", _members(f"{chassis}/ThermalSubsystem/Fans/1")
        yield f"{chassis}/ThermalSubsystem/Fans/1", {"Id": "1", "Name": "FAN1", "Status": well}
        yield f"{chassis}/PowerSubsystem", {"PowerSupplies": _link(f"{chassis}/PowerSubsystem/PowerSupplies")}
        paths = [f"{chassis}/PowerSubsystem/PowerSupplies/{n}" for n in (1, 2)]
        yield f"{chassis}/PowerSubsystem/PowerSupplies", _members(*paths)
        yield from zip(paths, supplies, strict=True)


def _link(path: str) -> dict[str, str]:
    return {"@odata.id": path}


def _members(*paths: str) -> dict[str, Any]:
    return {"Members@odata.count": len(paths), "Members": [_link(path) for path in paths]}


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
