#!/bin/sh
# Runs once, when the database is made: Grafana's own login, which may read the views of the migrations and nothing else.
set -e
psql -X -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/grafana_database_password`
CREATE ROLE groundcrew_reader NOLOGIN;
CREATE ROLE grafana LOGIN PASSWORD :'password' CONNECTION LIMIT 10 IN ROLE groundcrew_reader;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';
SQL
