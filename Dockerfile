# One file, three images: `minio` (the object store), `sessiontrack` (every worker and command), `demo`.
#
# Base images are pinned by their exact version: a tag with all its numbers is not moved to another release, and who
# rebuilds gets the fixes of the distribution below it.

FROM golang:1.26.8-trixie AS minio-build
ARG MINIO_VERSION
ENV CGO_ENABLED=0 GOBIN=/out
# Upstream publishes source only. The version names a commit, and Go's checksum database vouches for its content.
RUN test -n "$MINIO_VERSION" \
    && go install -trimpath -ldflags="-s -w" "github.com/minio/minio@$MINIO_VERSION" \
    && install -d -o 1000 -g 1000 /out/data

FROM busybox:1.37.0 AS minio
COPY --from=minio-build /out/minio /usr/bin/minio
COPY --from=minio-build --chown=1000:1000 /out/data /data
USER 1000:1000
EXPOSE 9000
ENTRYPOINT ["minio"]

FROM node:24.11.1-bookworm-slim AS web
WORKDIR /build
COPY docs/openapi.yaml docs/openapi.yaml
COPY web web
RUN cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run build

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
COPY requirements.installer.lock requirements.image.lock ./
# Installer and builder are held to hashes like everything else, and stay out of the environment that is shipped.
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --require-hashes --only-binary :all: --requirement requirements.installer.lock \
    && python -m venv --without-pip /opt/sessiontrack \
    && uv pip sync --no-cache --python /opt/sessiontrack --require-hashes --compile-bytecode requirements.image.lock
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY api api
COPY --from=web /build/web/out api/static
COPY operations operations
COPY queries queries
COPY producers producers
COPY streams streams
COPY consumers consumers
COPY sessiontrack sessiontrack
COPY schemas schemas
COPY infra infra
RUN python -m pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheel . \
    && uv pip install --no-cache --python /opt/sessiontrack --no-deps --compile-bytecode /wheel/*.whl

FROM python:3.11.14-slim-bookworm AS sessiontrack
ARG UID=1000
ARG GID=1000
RUN groupadd --gid "$GID" --non-unique sessiontrack \
    && useradd --uid "$UID" --non-unique --gid "$GID" --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin sessiontrack \
    && install -d -m 0700 -o "$UID" -g "$GID" /var/lib/sessiontrack
COPY --from=build /opt/sessiontrack /opt/sessiontrack
ENV PATH=/opt/sessiontrack/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SESSIONTRACK_DATA_DIR=/var/lib/sessiontrack \
    SESSIONTRACK_LOG__FORMAT=json \
    SESSIONTRACK_TELEMETRY__HOST=0.0.0.0 \
    SESSIONTRACK_TELEMETRY__PORT=9464
USER $UID:$GID
EXPOSE 9464
# Of a worker. Where another command is run there is nothing to ask.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9464/health/ready', timeout=4)"]
# A worker handles its signals itself; `docker run --init` also covers the second before it does.
STOPSIGNAL SIGTERM
ENTRYPOINT ["sessiontrack"]
CMD ["--help"]

FROM sessiontrack AS demo
COPY bench /opt/bench/bench
ENV PYTHONPATH=/opt/bench
ENTRYPOINT ["python", "-m", "bench.demo", "--running"]
CMD []
