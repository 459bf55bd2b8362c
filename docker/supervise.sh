#!/bin/bash
# Run a command, and run it again if it was killed, as the kernel does when memory runs out. Docker's
# restart policies cannot look at the status, and would also repeat an error that the next start repeats.
#
#   docker/supervise.sh CODE COMMAND ...
#
# CODE is one more exit status after which the command runs again; '' for none. A command that is killed
# five times, each within a minute of its start, is not run again. SIGTERM and SIGINT go to the command,
# whose status is then final. A script may also source this file and call the function.
set -m  # the command gets only the signals that are forwarded, not those of the terminal

child='' stopping=''
trap 'forward TERM' TERM
trap 'forward INT' INT

forward() {
  stopping=$1
  [ -z "$child" ] || kill -s "$1" "$child" 2>/dev/null || true
}

supervise() {
  local code=$1 status=143 quick=0 began
  shift
  while [ -z "$stopping" ]; do
    began=$SECONDS
    "$@" &
    child=$!
    [ -z "$stopping" ] || forward "$stopping"  # it came before `child` was set
    # A signal interrupts `wait`; once the command has ended, `wait` returns its status.
    while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
    status=0
    wait "$child" || status=$?
    child=''
    [ -z "$stopping" ] || break
    case $status in
      130 | 143) break ;;  # it was asked to stop
      "$code") echo "running again in 5 s: status $status" >&2 ;;
      129 | 1[3-9]? | [2-9]??) echo "running again in 5 s: killed by signal $((status - 128))" >&2 ;;
      *) break ;;
    esac
    ((SECONDS - began >= 60)) && quick=0
    ((++quick < 5)) || { echo "not running again: $quick times within a minute of the start" >&2; break; }
    sleep 5 &
    wait $! || true
  done
  return "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  supervise "$@"
fi
