# The desk in a container: no root, no published port, a read-only root file system, state in the volume /state.
# The digest names the multi-platform image of this tag: change both together.
ARG BASE=python:3.13.14-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8

FROM ${BASE} AS packages
COPY requirements-postgres.lock /tmp/packages.lock
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes -r /tmp/packages.lock

FROM ${BASE}
RUN groupadd --gid 10001 desk \
    && useradd --uid 10001 --gid desk --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin desk \
    && install -d -o desk -g desk -m 0700 /state
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY bot/ bot/
COPY config/ config/
COPY engine/ engine/
COPY handlers/ handlers/
COPY keyboards/ keyboards/
COPY storage/ storage/
RUN /opt/venv/bin/python -m compileall -q /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    DESK_STATE_DIR=/state
USER 10001:10001
VOLUME /state
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "bot", "health"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
