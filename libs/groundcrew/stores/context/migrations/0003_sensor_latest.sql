-- The newest reading of each sensor, so that a BMC's page reads no history.
CREATE TABLE sensor_latest (
    site    text NOT NULL,
    entity  text NOT NULL,
    sensor  text NOT NULL,
    time    timestamptz NOT NULL,
    value   double precision,
    text    text NOT NULL,
    unit    text NOT NULL,
    status  text NOT NULL,
    PRIMARY KEY (site, entity, sensor)
) WITH (fillfactor = 70);
