-- What Grafana may read: views only, through the role groundcrew_reader. The role cannot log in; whoever deploys makes
-- a login role of its own with a password and grants it this one.

CREATE VIEW system_metrics AS
SELECT samples.time, substr(series.entity, strpos(series.entity, ':') + 1) AS hostname, series.name AS metric_name, samples.value,
       series.unit, series.labels::json AS metadata, series.site, series.entity
FROM samples JOIN series ON series.id = samples.series_id;

CREATE VIEW log_lines AS
SELECT time, site, entity, priority, identifier, unit, transport, source, message FROM log_events;

CREATE VIEW service_states AS
SELECT time, site, entity, unit, load_state, active_state, sub_state, result, restarts FROM service_status;

CREATE VIEW sensor_values AS
SELECT time, site, entity, sensor, value, text, unit, status FROM sensor_readings;

CREATE VIEW event_log AS
SELECT time, site, entity, record_id, source_time, sensor, event, asserted, text FROM sel_records;

CREATE VIEW triggers AS
SELECT time, site, entity, rule_id, state, severity, title, component, count, incident_id FROM trigger_events;

CREATE VIEW incident_overview AS
SELECT opened_at AS time, site, id, revision, state, severity, title, hosts, entity, updated_at, last_seen, resolved_at,
       cause, component_class, component, confidence
FROM incidents;

DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'groundcrew_reader') THEN
        BEGIN
            CREATE ROLE groundcrew_reader NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server made it just now
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role groundcrew_reader is missing and may not be made: no read-only access';
                RETURN;
        END;
    END IF;
    GRANT USAGE ON SCHEMA context TO groundcrew_reader;
    GRANT SELECT ON system_metrics, log_lines, service_states, sensor_values, event_log, triggers, incident_overview
        TO groundcrew_reader;
END
$do$;
