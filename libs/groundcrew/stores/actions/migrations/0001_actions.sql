-- The action queue, tickets, the site's switches, the audit chain, and the outbox. Owner: the actions service.

CREATE TABLE actions (
    site text NOT NULL,
    id text NOT NULL,
    state text NOT NULL,
    incident_id text,
    created_at timestamptz NOT NULL,
    granted_at timestamptz,
    report_due_at timestamptz,
    correlation_id text NOT NULL,
    snapshot json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX actions_newest ON actions (site, created_at DESC, id DESC);
CREATE INDEX actions_granted ON actions (site, granted_at) WHERE granted_at IS NOT NULL;
CREATE INDEX actions_unfinished ON actions (site, created_at) WHERE state IN ('queued', 'approved', 'running');
CREATE INDEX actions_of_incident ON actions (site, incident_id) WHERE incident_id IS NOT NULL;

CREATE TABLE tickets (
    site text NOT NULL,
    id text NOT NULL,
    action_id text NOT NULL,
    incident_id text,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    title text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX tickets_newest ON tickets (site, created_at DESC, id DESC);

-- One row per site; its lock puts everything that writes in the site in one order. The newest link of the audit chain
-- is kept here as well, so that a chain whose end was cut off is noticed.
CREATE TABLE control (
    site text PRIMARY KEY,
    level text,
    stopped boolean NOT NULL DEFAULT false,
    audit_seq bigint NOT NULL DEFAULT 0,
    audit_hash text NOT NULL DEFAULT repeat('0', 64)
);

CREATE TABLE audit (
    site text NOT NULL,
    seq bigint NOT NULL,
    time timestamptz NOT NULL,
    actor text NOT NULL,
    event text NOT NULL,
    action_id text NOT NULL,
    detail json NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (site, seq)
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is not allowed', TG_OP;
END
$$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    payload bytea NOT NULL
);
