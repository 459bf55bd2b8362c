#!/bin/bash
# What the service `master` of docker-compose.yml runs: credentials, made on the first start, then
# `dartboard master` with the arguments given here.
set -euo pipefail

# Each start renews the master's certificate, which names what workers call the master:
# `master` on the network of Compose, and from other machines the names in DARTBOARD_HOST.
hosts=(--host master)
for host in ${DARTBOARD_HOST:-}; do hosts+=(--host "$host"); done
said=$(dartboard credentials init "${hosts[@]}" 2>&1) || { echo "$said" >&2; exit 2; }

# The workers beside this master share one file of credentials, in a volume that holds nothing else.
if [ ! -s /worker/worker.pem ]; then
  umask 077
  # A file that was issued, and is lost with its volume, is not to be found again.
  dartboard credentials issue compose > /worker/new 2>/dev/null ||
    { dartboard credentials revoke compose && dartboard credentials issue compose > /worker/new; }
  mv /worker/new /worker/worker.pem
  umask 022
fi

if [[ ${DARTBOARD_STORE:-} == *@postgres/* ]]; then
  timeout 60 bash -c 'until (: > /dev/tcp/postgres/5432) 2>/dev/null; do sleep 0.2; done' ||
    { echo "the service 'postgres' does not answer; start it with: docker compose --profile postgres up" >&2; exit 2; }
fi

exec dartboard master "$@" --host 0.0.0.0 --port 9090 --credentials credentials
