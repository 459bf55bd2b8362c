# dartboard in a container: `cpu` (the default), `gpu` with CUDA, and `test` with the tools of `make check`.
#
#   docker build --target cpu -t dartboard:cpu .
#
# It builds with the classic builder, too.

# ---- what both builds share: a C compiler, which only netifaces, a dependency of hpbandster, needs
FROM python:3.11-slim-bookworm AS compiler
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# Where the checkout will be: the virtual environment refers to it, and only its description is
# needed to install what it depends on. So a change of the code builds nothing here again.
WORKDIR /dartboard
COPY constraints.txt ./

# uv knows where PyTorch keeps its builds. Where that place does not answer, pip's build serves.
RUN python -m venv /opt/uv && /opt/uv/bin/pip install uv
COPY docker/install-torch.sh /opt/uv/

# ---- PyTorch first, which is large and seldom changes. TORCH names one of PyTorch's own builds,
# such as cpu or cu126; empty: pip's, which on Linux is CUDA's.
FROM compiler AS build-cpu
ARG TORCH=cpu
RUN sh /opt/uv/install-torch.sh "$TORCH" --no-deps
COPY pyproject.toml LICENSE ./
RUN touch README.md && pip install --constraint constraints.txt --editable '.[postgres]'

# ---- what runs
FROM python:3.11-slim-bookworm AS base
# The home may be anybody's: `docker run --user` is free to choose. What lies in it is a cache of
# compiled kernels, for which docker-compose.yml has a volume.
RUN useradd --uid 1000 --create-home dartboard \
 && mkdir -p /home/dartboard/.cache/dartboard /data /dartboard/credentials /dartboard/exports /worker \
 && chown -R dartboard:dartboard /home/dartboard /data /dartboard/credentials /dartboard/exports /worker \
 && chmod 1777 /home/dartboard /home/dartboard/.cache /home/dartboard/.cache/dartboard \
 && chmod 700 /dartboard/credentials /worker
ENV PATH=/opt/venv/bin:$PATH HOME=/home/dartboard PYTHONUNBUFFERED=1
WORKDIR /dartboard
EXPOSE 9090
CMD ["dartboard", "--help"]

FROM base AS cpu
COPY --from=build-cpu /opt/venv /opt/venv
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
