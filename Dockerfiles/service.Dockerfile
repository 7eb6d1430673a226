# One image per service out of one file:
#   podman build -f Dockerfiles/service.Dockerfile --build-arg SERVICE=trigger -t localhost/groundcrew/trigger:0.1.0 .
#
# All services share every layer but the last few kilobytes: the locked dependencies come first, the tools that only
# collectors and the runner need (TOOLS) next, the code of one service last. EXTRA names further locked requirements,
# as hybrid-coordinator has them: they are larger than all the others together, so nobody else carries them.
# The command line is built the same way: SERVICE=cli, SOURCE=cli.
ARG PYTHON_IMAGE=docker.io/library/python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS dependencies
COPY requirements/services.txt /tmp/services.txt
RUN python -m venv --without-pip /opt/groundcrew \
 && pip --python /opt/groundcrew/bin/python install --no-cache-dir --no-deps --require-hashes -r /tmp/services.txt

ARG EXTRA=""
COPY requirements /tmp/requirements
RUN if [ -n "${EXTRA}" ]; then \
      pip --python /opt/groundcrew/bin/python install --no-cache-dir --no-deps --require-hashes \
        -r "/tmp/requirements/${EXTRA}.txt"; \
    fi

FROM ${PYTHON_IMAGE} AS build
COPY requirements/build.txt /tmp/build.txt
RUN pip install --no-cache-dir --root-user-action=ignore --require-hashes -r /tmp/build.txt
COPY libs /src/libs
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels/libs /src/libs \
 && pip install --no-deps --no-index --root-user-action=ignore --target /app/libs /wheels/libs/*.whl
ARG SERVICE
ARG SOURCE=services/${SERVICE}
COPY ${SOURCE} /src/service
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels/service /src/service \
 && pip install --no-deps --no-index --root-user-action=ignore --target /app/service /wheels/service/*.whl \
 && printf '#!/bin/sh\nexec python -m groundcrew_%s "$@"\n' "$(echo "${SERVICE}" | tr - _)" > /app/service/run \
 && chmod 755 /app/service/run

FROM ${PYTHON_IMAGE} AS service
COPY --from=dependencies /opt/groundcrew /opt/groundcrew
ARG TOOLS=""
RUN if [ -n "${TOOLS}" ]; then \
      apt-get update -q && apt-get install -y -q --no-install-recommends ${TOOLS} \
       && rm -rf /var/lib/apt/lists/* /var/cache/apt/*; \
    fi \
 && install -d -o 10001 -g 10001 -m 0750 /var/lib/groundcrew
ENV PATH=/opt/groundcrew/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app/libs:/app/service \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/groundcrew
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/service/run"]
ARG PYTHON_IMAGE
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.vendor="Groundcrew" \
      org.opencontainers.image.description="One service of Groundcrew, an AI sysadmin for bare-metal and GPU fleets" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
COPY --from=build /app/libs /app/libs
COPY --from=build /app/service /app/service
ARG SERVICE
LABEL org.opencontainers.image.title="groundcrew ${SERVICE}"
