# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY .ci/lock.txt .ci/lock.txt
COPY pyproject.toml README.md LICENSE ./
COPY buildos_box buildos_box
COPY static static
RUN python -m venv /opt/box && /opt/box/bin/pip install --no-cache-dir -c .ci/lock.txt .

FROM python:3.13-slim
# A number, so that an orchestrator can see that it is not root.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin box && install -d -o box -g box -m 0700 /data
COPY --from=build /opt/box /opt/box
ENV PATH=/opt/box/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV BUILDOS_BOX_SERVER__HOST=0.0.0.0 BUILDOS_BOX_DATA__DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8787
# Nothing but /data is ever written to: run it with --read-only.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --start-interval=1s CMD ["python", "-c", "import urllib.request as u; u.urlopen(open('/data/address').read() + '/health', timeout=4)"]
ENTRYPOINT ["buildos-box"]
CMD ["serve"]
