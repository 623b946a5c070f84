"""A bare Litestar route on uvicorn that answers as `GET /jobs/{id}` does: the floor of HTTP."""

import argparse
import socket
from typing import Any

import msgspec
import uvicorn
import uvloop
from litestar import Litestar, get

from buildos_box.job_views import JobView

TEXTS = {"id", "queue_job_id", "job_type", "lane", "status", "scheduled_for", "created_at",
         "updated_at", "correlation_id"}  # fmt: skip
NUMBERS = {"priority", "attempts", "max_attempts"}


def _value(name: str) -> Any:
    return "2024-10-23T08:00:00.000Z" if name in TEXTS else 5 if name in NUMBERS else None


JOB = msgspec.convert({name: _value(name) for name in JobView.__struct_fields__}, JobView)


@get("/jobs/{job_id:str}")
async def get_job(job_id: str) -> JobView:
    """One job, always the same."""
    return JOB


async def _serve(port: int) -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", port))
    app = Litestar([get_job], openapi_config=None, logging_config=None)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", ws="none")
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(parser.parse_args().port))
