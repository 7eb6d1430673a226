-- The critical thresholds that a BMC tells of a sensor, so that a forecast knows what it leads to.
ALTER TABLE sensor_latest
    ADD COLUMN lower double precision,
    ADD COLUMN upper double precision;
