-- Reports as they were made, and the repair tasks that they keep. Owner: the meta service.

-- `key` names what was asked, so that the newest report of a question is found.
CREATE TABLE reports (
    site text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    time timestamptz NOT NULL,
    summary json NOT NULL,
    document json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX reports_newest ON reports (site, time DESC, id DESC);
CREATE INDEX reports_of_key ON reports (site, key, time DESC, id DESC);

-- One row per part that is, or was, to be repaired. `rank` orders: open before closed, the most urgent first.
CREATE TABLE tasks (
    site text NOT NULL,
    id text NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL,
    type text NOT NULL,
    device text NOT NULL,
    rank bigint NOT NULL,
    closed_at timestamptz,
    document json NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX tasks_by_rank ON tasks (site, rank, id);
