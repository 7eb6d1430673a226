"""Grafana reads views through a role that can do nothing else."""

import secrets

import psycopg
import pytest
from tests.contract.stores.observed import NOON, SITE, logs, metrics


@pytest.fixture
async def grafana(postgres_store, database_conninfo, postgres):
    """A login that was granted the read-only role, as whoever deploys would make it."""
    name, password = f"grafana_{secrets.token_hex(4)}", secrets.token_hex(8)
    with psycopg.connect(**postgres.admin(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE groundcrew_reader")
    login = {"user": name, "password": password, "dbname": database_conninfo["database"]}
    with psycopg.connect(**{**postgres.admin(), **login}, options="-c search_path=context") as connection:
        connection.autocommit = True
        yield connection
    with psycopg.connect(**postgres.admin(), autocommit=True) as admin:
        admin.execute(f"DROP ROLE {name}")


async def test_system_metrics_has_the_well_known_columns(postgres_store, grafana):
    await postgres_store.record_metrics(metrics([(0, 21.5)], unit="celsius", labels={"sensor": "inlet"}))
    cursor = grafana.execute("SELECT time, hostname, metric_name, value, unit, metadata FROM system_metrics")
    assert cursor.fetchall() == [(NOON, "node-1", "node_load1", 21.5, "celsius", {"sensor": "inlet"})]


async def test_the_reader_sees_every_view_but_no_table_and_writes_nothing(postgres_store, grafana):
    await postgres_store.record_logs(logs([1]))
    views = ["log_lines", "service_states", "sensor_values", "event_log", "triggers", "incident_overview"]
    counts = {
        view: grafana.execute(f"SELECT count(*) FROM {view} WHERE site = '{SITE}'").fetchone()[0] for view in views
    }
    assert counts == dict.fromkeys(views, 0) | {"log_lines": 1}
    for statement in ("SELECT * FROM log_events", "DELETE FROM log_lines", "CREATE TABLE context.x (y int)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            grafana.execute(statement)
