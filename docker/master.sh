#!/bin/bash
# The command of the service `master` in docker-compose.yml: make credentials on the first start, then
# run `dartboard master` with the arguments given here.
set -euo pipefail

# Each start renews the master's certificate. It contains the names by which workers reach the master:
# `master` on the network of Compose, and from other machines the names in DARTBOARD_HOST.
hosts=(--host master)
for host in ${DARTBOARD_HOST:-}; do hosts+=(--host "$host"); done
said=$(dartboard credentials init "${hosts[@]}" 2>&1) || { echo "$said" >&2; exit 2; }

# The workers next to this master share one file of credentials, in a volume that holds nothing else.
if [ ! -s /worker/worker.pem ]; then
  umask 077
  # An issued file that was lost with its volume cannot be recovered: revoke it and issue another.
  dartboard credentials issue compose > /worker/new 2>/dev/null ||
    { dartboard credentials revoke compose && dartboard credentials issue compose > /worker/new; }
  mv /worker/new /worker/worker.pem
  umask 022
fi

if [[ ${DARTBOARD_STORE:-} == *@postgres/* ]]; then
  timeout 60 bash -c 'until (: > /dev/tcp/postgres/5432) 2>/dev/null; do sleep 0.2; done' ||
    { echo "expected an answer from the service 'postgres' within 60 s, got none; start it with: docker compose --profile postgres up" >&2; exit 2; }
fi

exec dartboard master "$@" --host 0.0.0.0 --port 9090 --credentials credentials
