# Make a database for POSTGRES_USER on the first start, then serve it.
set -euo pipefail
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/var/lib/postgresql/data/db
if [ ! -s $data/PG_VERSION ]; then
  initdb --pgdata $data --username "$POSTGRES_USER" --auth-local trust --auth-host scram-sha-256 \
    --pwfile <(echo "$POSTGRES_PASSWORD") --encoding UTF8
  echo "host all all all scram-sha-256" >> $data/pg_hba.conf
  echo "CREATE DATABASE $POSTGRES_USER" | postgres --single -D $data postgres
fi
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
