#!/bin/bash
# The command of the service `worker` in docker-compose.yml: run `dartboard worker` with the arguments
# given here, until the master next to it has ended.
set -euo pipefail
source docker/supervise.sh

if [ -e /state/ended ]; then
  echo "the master has ended; there is nothing to do"
  exit
fi

# A worker learns from the master that everything is done. This is for one that missed it, and for a
# master that failed: only the master's container knows that it will not come back.
end_with_the_master() {
  until [ -e /state/ended ]; do sleep 2; done
  sleep 10
  kill -TERM $$
}
end_with_the_master &

supervise '' dartboard worker "$@"
