#!/bin/sh
# The command of the service `prepare` in docker-compose.yml, which runs before the master at each `up`.
set -eu
rm -f /state/ended
# If there was no folder for the exports, Docker has made it as root. It belongs to the checkout's owner.
[ "$(stat -c %u exports)" != 0 ] || chown --reference=studies exports
chgrp dartboard exports
chmod g+rwx exports
