# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY .ci/lock.txt .ci/lock.txt
COPY buildos_box buildos_box
COPY static static
RUN python -m venv /opt/box && /opt/box/bin/pip install --no-cache-dir -c .ci/lock.txt .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data box && install -d -o box -g box /data
COPY --from=build /opt/box /opt/box
ENV PATH=/opt/box/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BUILDOS_BOX_SERVER__HOST=0.0.0.0 \
    BUILDOS_BOX_DATA__DIR=/data
USER box
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8787/health', timeout=4)"]
ENTRYPOINT ["buildos-box"]
CMD ["serve"]
