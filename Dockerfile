# syntax=docker/dockerfile:1
# Two stages: packages are installed into a virtual environment, and only that goes into the image.

FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/mousekeeper
ENV PATH=/opt/mousekeeper/bin:$PATH
# The pinned packages first: this layer changes with the lock only. setuptools builds, and is removed again.
COPY requirements.lock requirements-dev.lock ./
RUN pip install -r requirements.lock && pip install -c requirements-dev.lock setuptools
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY core core
RUN pip install --no-deps --no-build-isolation . && pip uninstall -y setuptools && pip check

FROM python:3.13-slim
COPY --from=build /opt/mousekeeper /opt/mousekeeper
# Stands before the program in PATH: `docker exec` and `docker run` both become the right user.
COPY docker/entrypoint.sh /usr/local/bin/mousekeeper
COPY docker/config.yaml config.example.yaml config.schema.json /usr/local/share/mousekeeper/
ENV PYTHONUNBUFFERED=1 \
    MOUSEKEEPER_CONFIG=/config/config.yaml \
    HEARTBEAT=/config/data/heartbeat
VOLUME ["/config", "/data"]
WORKDIR /config
# The service touches its heartbeat while its loop turns; looking at a file's time costs nothing.
HEALTHCHECK --interval=60s --timeout=5s --start-period=60s --retries=3 \
    CMD test -n "$(find "$HEARTBEAT" -mmin -3)"
STOPSIGNAL SIGTERM
ENTRYPOINT ["mousekeeper"]
CMD ["run"]
