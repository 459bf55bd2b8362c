#!/bin/sh
# Install the pinned PyTorch: one of its own builds, such as cpu or cu126, or pip's if none is named
# or its place does not answer. More words are options of the installer.
set -eu
build=$1
shift
torch=$(grep ^torch== constraints.txt)
if [ -n "$build" ]; then
  /opt/uv/bin/uv pip install --python /opt/venv/bin/python --constraint constraints.txt \
    --torch-backend "$build" "$@" "$torch" && exit
  echo "PyTorch's own build '$build' cannot be had: installing the build that pip finds" >&2
fi
exec pip install --constraint constraints.txt "$@" "$torch"
