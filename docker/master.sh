#!/bin/bash
# The command of the service `master` in docker-compose.yml: make credentials on the first start, then
# run `dartboard master` with the arguments given here.
#
# /state/ended keeps the status with which the master ended, so that the workers end, too. Docker starts
# a container again that failed; a start that was not preceded by `up`, which removes the file, ends with
# the same status. Only a killed container, which leaves no file, continues.
set -euo pipefail
source docker/supervise.sh

ended=/state/ended
if [ -s $ended ] && [ "$(< $ended)" != 0 ]; then
  echo "failed with status $(< $ended), see above; to start again: docker compose up" >&2
  exit "$(< $ended)"
fi
rm -f $ended /tmp/healthy /tmp/done

end() {
  case $1 in
    130 | 143) ;;  # stopped, so the next start continues
    *) echo "$1" > $ended ;;
  esac
  exit "$1"
}

# Each start renews the master's certificate. It contains the names by which workers reach the master:
# `master` on the network of Compose, and from other machines the names in DARTBOARD_HOST.
hosts=(--host master)
for host in ${DARTBOARD_HOST:-}; do hosts+=(--host "$host"); done
said=$(dartboard credentials init "${hosts[@]}" 2>&1) || { echo "$said" >&2; end 2; }

# The workers next to this master share one file of credentials, in a volume that holds nothing else.
if [ ! -s /worker/worker.pem ]; then
  umask 077
  # An issued file that was lost with its volume cannot be recovered: revoke it and issue another.
  dartboard credentials issue compose > /worker/new 2>/dev/null ||
    { dartboard credentials revoke compose && dartboard credentials issue compose > /worker/new; } ||
    end 2
  mv /worker/new /worker/worker.pem
  umask 022
fi

if [[ ${DARTBOARD_STORE:-} == *@postgres/* ]]; then
  timeout 60 bash -c 'until (: > /dev/tcp/postgres/5432) 2>/dev/null; do sleep 0.2; done' ||
    { echo "expected an answer from the service 'postgres' within 60 s, got none; start it with: docker compose --profile postgres up" >&2; end 2; }
fi

status=0
supervise '' dartboard master "$@" --host 0.0.0.0 --port 9090 --credentials credentials || status=$?

# If everything was done already, nothing has listened. Compose calls a master that ends before it was
# healthy a failure. So become healthy, and let the workers see that there is nothing to do.
if [ $status = 0 ] && [ ! -e /tmp/healthy ]; then
  echo 0 > $ended
  touch /tmp/done
  for _ in {1..300}; do
    [ ! -e /tmp/healthy ] || { sleep 5; break; }
    sleep 0.2
  done
fi
end $status
