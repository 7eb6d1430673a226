-- Who may call the API. Secrets are stored as SHA-256 only.
-- A key spans sites: `sites` is its scope, the first one its default.
CREATE TABLE api_keys (
    id           text PRIMARY KEY,
    name         text NOT NULL,
    secret_hash  text NOT NULL,
    role         text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    sites        text[] NOT NULL CHECK (cardinality(sites) > 0),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE TABLE sessions (
    hash       text PRIMARY KEY,
    key_id     text NOT NULL REFERENCES api_keys (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_key ON sessions (key_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE login_tokens (
    hash       text PRIMARY KEY,
    key_id     text NOT NULL REFERENCES api_keys (id),
    expires_at timestamptz NOT NULL
);
CREATE INDEX login_tokens_expiry ON login_tokens (expires_at);

-- Answers to POSTs that carried an Idempotency-Key.
CREATE TABLE replays (
    key_id          text NOT NULL REFERENCES api_keys (id),
    idempotency_key text NOT NULL,
    fingerprint     text NOT NULL,
    status          integer NOT NULL,
    body            bytea NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (key_id, idempotency_key)
);
CREATE INDEX replays_age ON replays (created_at);
