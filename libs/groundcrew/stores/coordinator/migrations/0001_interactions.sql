-- What was asked of models and what came of it. Texts are redacted and cut before they come here.
CREATE TABLE interactions (
    site              text NOT NULL,
    id                uuid NOT NULL,
    time              timestamptz NOT NULL,
    purpose           text NOT NULL,
    outcome           text NOT NULL,
    served            text NOT NULL,
    reason            text NOT NULL,
    model             text NOT NULL,
    prompt_tokens     integer NOT NULL,
    completion_tokens integer NOT NULL,
    latency_s         double precision NOT NULL,
    prompt_digest     text NOT NULL,
    prompt            text NOT NULL,
    answer            text NOT NULL,
    asked_by          text NOT NULL,
    incident_id       uuid,
    value_score       double precision,
    PRIMARY KEY (site, id)
);
CREATE INDEX interactions_time ON interactions (site, time DESC, id DESC);
CREATE INDEX interactions_incident ON interactions (site, incident_id, time DESC) WHERE incident_id IS NOT NULL;
