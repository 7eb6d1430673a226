-- Event logs of BMCs as such, what became of them, and the jobs that read them whole.
CREATE TABLE event_logs (
    site        text NOT NULL,
    entity      text NOT NULL,
    log         text NOT NULL,
    time        timestamptz NOT NULL,
    generation  integer NOT NULL,
    entries     bigint NOT NULL,
    capacity    bigint,
    when_full   text NOT NULL,
    overflow    boolean NOT NULL,
    PRIMARY KEY (site, entity, log)
) WITH (fillfactor = 70);

CREATE TABLE event_log_changes (
    site        text NOT NULL,
    time        timestamptz NOT NULL,
    id          uuid NOT NULL,
    entity      text NOT NULL,
    log         text NOT NULL,
    generation  integer NOT NULL,
    entries     bigint NOT NULL,
    change      text NOT NULL,
    detail      text NOT NULL,
    PRIMARY KEY (site, time, id)
);
CREATE INDEX event_log_changes_entity ON event_log_changes (site, entity, time DESC, id DESC);

CREATE TABLE event_log_syncs (
    site        text NOT NULL,
    entity      text NOT NULL,
    updated_at  timestamptz NOT NULL,
    under_way   boolean NOT NULL,
    document    json NOT NULL,
    PRIMARY KEY (site, entity)
) WITH (fillfactor = 70);

ALTER TABLE sel_records ADD COLUMN uncertainty_s double precision;
-- A record that is read once more may get a better time; it is the same record.
CREATE INDEX sel_records_id ON sel_records (site, id);

CREATE OR REPLACE VIEW event_log AS
SELECT time, site, entity, record_id, source_time, sensor, event, asserted, text, uncertainty_s FROM sel_records;
