#!/usr/bin/env bash
# Install Compose 2 for this user from the package of Debian 13, unless there is one: Debian 12 has only
# Compose 1. Nothing else of Debian 13 is installed, and apt's own lists stay as they are.
set -euo pipefail
plugin=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose
if [ -x "$plugin" ] || docker compose version >/dev/null 2>&1; then
  exit
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
mirror=$(grep -m 1 -oE 'https?://[^ ]+/debian/?( |$)' <<< "$sources")
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] ${mirror// /} trixie main" > "$folder/sources.list"
apt=(apt-get -q -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root)
"${apt[@]}" update
cd "$folder"
"${apt[@]}" download docker-compose
dpkg-deb -x docker-compose_*.deb content
install -D -m 755 content/usr/libexec/docker/cli-plugins/docker-compose "$plugin"
