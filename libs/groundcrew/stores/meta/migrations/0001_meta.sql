-- Conversations with their turns, analyses, and the outbox. Owner: the meta service.

CREATE TABLE conversations (
    site text NOT NULL,
    id text NOT NULL,
    actor text NOT NULL,
    title text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    incident_id text,
    host text,
    turns integer NOT NULL DEFAULT 0,
    PRIMARY KEY (site, id)
);
CREATE INDEX conversations_of_actor ON conversations (site, actor, updated_at DESC, id DESC);
CREATE INDEX conversations_newest ON conversations (site, updated_at DESC, id DESC);

-- `seq` counts up within a conversation; the oldest turns of a long one are dropped.
CREATE TABLE turns (
    site text NOT NULL,
    conversation_id text NOT NULL,
    seq integer NOT NULL,
    said json NOT NULL,
    PRIMARY KEY (site, conversation_id, seq),
    FOREIGN KEY (site, conversation_id) REFERENCES conversations (site, id) ON DELETE CASCADE
);

CREATE TABLE analyses (
    site text NOT NULL,
    id text NOT NULL,
    incident_id text NOT NULL,
    time timestamptz NOT NULL,
    snapshot json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX analyses_of_incident ON analyses (site, incident_id, time DESC, id DESC);
CREATE INDEX analyses_by_age ON analyses (site, time);

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    payload bytea NOT NULL
);
