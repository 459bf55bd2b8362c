# dartboard in a container. Targets: `cpu` (the default), `gpu` with CUDA, `test` with the tools of
# `make check`.
#
#   docker build --target cpu -t dartboard:cpu .
#
# The classic builder can build it, too.

# ---- shared by both builds: a C compiler, which only netifaces, a dependency of hpbandster, needs
FROM python:3.11-slim-bookworm AS compiler
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# The checkout will be here, and the virtual environment refers to it. Installing the dependencies needs
# only the description of the package, so a change of the code rebuilds nothing here.
WORKDIR /dartboard
COPY constraints.txt ./

# uv knows where PyTorch's builds are. If they cannot be reached, pip's build is installed.
RUN python -m venv /opt/uv && /opt/uv/bin/pip install uv
COPY docker/install-torch.sh /opt/uv/

# ---- PyTorch first, because it is large and seldom changes. TORCH names one of PyTorch's builds, such as
# cpu or cu126. If it is empty, pip's build is installed, which on Linux is CUDA's.
FROM compiler AS build-cpu
ARG TORCH=cpu
RUN sh /opt/uv/install-torch.sh "$TORCH" --no-deps
COPY pyproject.toml LICENSE ./
RUN touch README.md && pip install --constraint constraints.txt --editable '.[postgres]'

# ---- the image that runs
FROM python:3.11-slim-bookworm AS base
# Any user may write to the home, because `docker run --user` may name any. It holds only a cache of
# the kernels that the image does not have, for which docker-compose.yml has a volume.
RUN useradd --uid 1000 --create-home dartboard \
 && mkdir -p /home/dartboard/.cache/dartboard /data /dartboard/credentials /dartboard/exports /worker \
      /state \
 && chown -R dartboard:dartboard /home/dartboard /data /dartboard/credentials /dartboard/exports /worker \
 && chmod 1777 /home/dartboard /home/dartboard/.cache /home/dartboard/.cache/dartboard \
      /state \
 && chmod 700 /dartboard/credentials /worker
ENV PATH=/opt/venv/bin:$PATH HOME=/home/dartboard PYTHONUNBUFFERED=1
WORKDIR /dartboard
EXPOSE 9090
CMD ["dartboard", "--help"]

FROM base AS cpu
COPY --from=build-cpu /opt/venv /opt/venv
# The kernels for two classes of processors, so that the first evaluation need not wait for them. With
# only what they need, so that a change of the other code does not compile them again.
COPY configspace configspace
COPY worker worker
RUN python -m worker.numba_engine.compile_named
COPY . .
RUN python -m compileall -q cli configspace master results worker
USER dartboard

FROM cpu AS test
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends git make postgresql \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --constraint constraints.txt --editable '.[dev]' \
 && chown -R dartboard:dartboard /dartboard
USER dartboard
# Where the image has no kernels yet (no x86_64). Otherwise the tests of each run would wait for them.
RUN python -c "from worker.numba_engine.first_calls import ensure_compiled; ensure_compiled(); ensure_compiled(space='cell')"
CMD ["pytest"]

FROM compiler AS build-gpu
ARG TORCH=
RUN sh /opt/uv/install-torch.sh "$TORCH"
COPY pyproject.toml LICENSE ./
RUN touch README.md && pip install --constraint constraints.txt --editable '.[postgres]'

FROM base AS gpu
COPY --from=build-gpu /opt/venv /opt/venv
COPY . .
RUN python -m compileall -q cli configspace master results worker
USER dartboard

# ---- without --target
FROM cpu
