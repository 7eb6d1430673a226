-- Everything that context remembers. `site` is the tenant and stands in every table; `time` is never rewritten.
-- Text columns hold what machines printed (NUL replaced); `document` columns hold whole messages as JSON, exactly.

-- TimescaleDB is used where this server has it loaded and lets us; otherwise the same tables are plain PostgreSQL.
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'
    THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public;
    END IF;
END
$do$;

-- A table that grows with time: a hypertable, or range partitions (made on demand, see partitions.py) with a default
-- partition for what cannot have one of its own. `width` must equal the table's in tables.py.
CREATE PROCEDURE create_time_table(name text, width interval, columns text) LANGUAGE plpgsql AS $body$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE format('CREATE TABLE %I (%s)', name, columns);
        PERFORM create_hypertable(name::regclass, 'time', chunk_time_interval => width, create_default_indexes => false);
    ELSE
        EXECUTE format('CREATE TABLE %I (%s) PARTITION BY RANGE (time)', name, columns);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_default', name);
    END IF;
END
$body$;

-- One row for each entity that reported, or that an incident names.
CREATE TABLE entities (
    site          text NOT NULL,
    entity        text NOT NULL,
    reported      boolean NOT NULL,
    last_seen     timestamptz NOT NULL,
    inventory     json,
    inventory_at  timestamptz,
    latest        json NOT NULL DEFAULT '{}',   -- "name{labels}": [microseconds, value]
    log_rows      bigint NOT NULL DEFAULT 0,    -- rows in log_events, so that nobody has to count them
    PRIMARY KEY (site, entity)
);

CREATE TABLE series (
    id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site    text NOT NULL,
    entity  text NOT NULL,
    name    text NOT NULL,
    unit    text NOT NULL,
    labels  text NOT NULL,                      -- canonical JSON: sorted keys, no blanks
    UNIQUE (site, entity, name, unit, labels)
);

CALL create_time_table('samples', INTERVAL '1 day', $$
    site       text NOT NULL,
    series_id  integer NOT NULL,
    time       timestamptz NOT NULL,
    value      double precision NOT NULL,
    PRIMARY KEY (series_id, time)
$$);

CALL create_time_table('log_events', INTERVAL '1 day', $$
    site         text NOT NULL,
    time         timestamptz NOT NULL,
    id           uuid NOT NULL,
    entity       text NOT NULL,
    received_at  timestamptz NOT NULL,
    priority     smallint NOT NULL,
    identifier   text NOT NULL,
    unit         text NOT NULL,
    transport    text NOT NULL,
    boot_id      text NOT NULL,
    source       text NOT NULL,
    position     text NOT NULL,
    message      text NOT NULL,
    PRIMARY KEY (site, time, id)
$$);
CREATE INDEX log_events_entity ON log_events (site, entity, time DESC, id DESC);

CALL create_time_table('service_status', INTERVAL '7 days', $$
    site          text NOT NULL,
    time          timestamptz NOT NULL,
    entity        text NOT NULL,
    unit          text NOT NULL,
    load_state    text NOT NULL,
    active_state  text NOT NULL,
    sub_state     text NOT NULL,
    result        text NOT NULL,
    restarts      bigint,
    PRIMARY KEY (site, entity, unit, time)
$$);

-- The newest row of service_status for each unit.
CREATE TABLE service_latest (
    site          text NOT NULL,
    entity        text NOT NULL,
    unit          text NOT NULL,
    time          timestamptz NOT NULL,
    active_state  text NOT NULL,
    sub_state     text NOT NULL,
    result        text NOT NULL,
    restarts      bigint,
    PRIMARY KEY (site, entity, unit)
) WITH (fillfactor = 70);

CALL create_time_table('sensor_readings', INTERVAL '7 days', $$
    site    text NOT NULL,
    time    timestamptz NOT NULL,
    entity  text NOT NULL,
    sensor  text NOT NULL,
    value   double precision,
    text    text NOT NULL,
    unit    text NOT NULL,
    status  text NOT NULL,
    PRIMARY KEY (site, entity, sensor, time)
$$);

-- Few rows, and BMCs with unset clocks date them anywhere: plain tables from here on.
CREATE TABLE sel_records (
    site         text NOT NULL,
    time         timestamptz NOT NULL,
    id           uuid NOT NULL,
    entity       text NOT NULL,
    received_at  timestamptz NOT NULL,
    record_id    bigint NOT NULL,
    source_time  text NOT NULL,
    sensor       text NOT NULL,
    event        text NOT NULL,
    asserted     boolean,
    text         text NOT NULL,
    PRIMARY KEY (site, time, id)
);
CREATE INDEX sel_records_entity ON sel_records (site, entity, time DESC, id DESC);

CREATE TABLE trigger_events (
    site         text NOT NULL,
    time         timestamptz NOT NULL,
    id           uuid NOT NULL,
    entity       text NOT NULL,
    rule_id      text NOT NULL,
    state        text NOT NULL,
    severity     text NOT NULL,
    title        text NOT NULL,
    component    text NOT NULL,
    count        bigint NOT NULL,
    incident_id  uuid,
    document     json NOT NULL,
    PRIMARY KEY (site, time, id)
);
CREATE INDEX trigger_events_entity ON trigger_events (site, entity, time DESC, id DESC);

CREATE TABLE incidents (
    site             text NOT NULL,
    id               uuid NOT NULL,
    revision         integer NOT NULL,
    state            text NOT NULL,
    severity         text NOT NULL,
    title            text NOT NULL,
    hosts            text[] NOT NULL,
    entity           text NOT NULL,
    opened_at        timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    last_seen        timestamptz NOT NULL,
    resolved_at      timestamptz,
    cause            text NOT NULL,
    component_class  text NOT NULL,
    component        text NOT NULL,
    confidence       double precision NOT NULL,
    document         json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX incidents_opened ON incidents (site, opened_at DESC, id DESC);
CREATE INDEX incidents_live ON incidents (site, opened_at, id) WHERE state <> 'resolved';

-- Every revision of a verdict: needed to explain later why it was what it was.
CREATE TABLE incident_revisions (
    site         text NOT NULL,
    incident_id  uuid NOT NULL,
    revision     integer NOT NULL,
    time         timestamptz NOT NULL,
    actor        text NOT NULL,
    change       text NOT NULL,
    state        text NOT NULL,
    cause        text NOT NULL,
    component    text NOT NULL,
    confidence   double precision NOT NULL,
    PRIMARY KEY (site, incident_id, revision)
);

CREATE TABLE evidence (
    site         text NOT NULL,
    incident_id  uuid NOT NULL,
    time         timestamptz NOT NULL,
    id           uuid NOT NULL,
    entity       text NOT NULL,
    source       text NOT NULL,
    document     json NOT NULL,
    PRIMARY KEY (site, incident_id, time, id)
);

CREATE TABLE findings (
    site         text NOT NULL,
    id           uuid NOT NULL,
    time         timestamptz NOT NULL,
    incident_id  uuid,
    entity       text NOT NULL,
    kind         text NOT NULL,
    severity     text NOT NULL,
    text         text NOT NULL,
    document     json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX findings_time ON findings (site, time DESC, id DESC);
CREATE INDEX findings_incident ON findings (site, incident_id, time DESC, id DESC);

-- Messages committed with the state that they tell of; a row goes once it is published.
CREATE TABLE outbox (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site     text NOT NULL,
    payload  bytea NOT NULL
);
