#!/bin/sh
# Install the pinned PyTorch. The first argument names one of PyTorch's builds, such as cpu or cu126.
# If it is empty, or that build is not available, pip's build is installed. Further arguments are
# options of the installer.
set -eu
build=$1
shift
torch=$(grep ^torch== constraints.txt)
if [ -n "$build" ]; then
  /opt/uv/bin/uv pip install --python /opt/venv/bin/python --constraint constraints.txt \
    --torch-backend "$build" "$@" "$torch" && exit
  echo "PyTorch's build '$build' is not available; installing pip's build instead" >&2
fi
exec pip install --constraint constraints.txt "$@" "$torch"
