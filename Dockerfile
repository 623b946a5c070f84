# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY .ci/locked .ci/locked
# Nothing is installed but files whose hashes are known; the box itself is built from what is there.
# With the extras `chat` and `s3`: nothing can be added to a container later.
RUN python -m venv /opt/box && /opt/box/bin/pip install --no-cache-dir --require-hashes -r .ci/locked/whole.txt
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r .ci/locked/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY buildos_box buildos_box
COPY static static
COPY packaging/sbom.py packaging/vendored.toml packaging/commit_hook.py packaging/
# docker build --build-arg COMMIT=$(git rev-parse HEAD) …: what `buildos-box --version --json` tells.
ARG COMMIT=""
RUN BUILDOS_BOX_COMMIT="$COMMIT" /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --no-index -w /opt/wheel . && /opt/box/bin/pip install --no-cache-dir --no-deps --no-index /opt/wheel/*.whl
# What is in the image besides its base: /opt/box/buildos-box.cdx.json (CycloneDX).
RUN /opt/box/bin/python packaging/sbom.py > /opt/box/buildos-box.cdx.json

FROM python:3.13-slim
# A number, so that an orchestrator can see that it is not root.
# The folder's group is root's, so that the image runs as any other user too (--user, OpenShift).
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin box && install -d -o box -g root -m 0770 /data
COPY --from=build /opt/box /opt/box
ENV PATH=/opt/box/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV BUILDOS_BOX_SERVER__HOST=0.0.0.0 BUILDOS_BOX_DATA__DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8787
# Nothing but /data is ever written to: run it with --read-only.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --start-interval=1s CMD ["buildos-box", "health"]
# Process 1 is the server itself: it stops taking work, lets what runs finish, and ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["buildos-box"]
CMD ["serve"]
