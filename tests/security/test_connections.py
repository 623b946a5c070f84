"""What strangers can do with connections alone: nothing that keeps others out."""

import json
import re
import resource
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.faults.box_process import BoxProcess, until

QUICK = """
[limits]
request_head_seconds = 1
request_body_seconds = 1
max_connections = 40
max_connections_per_address = 30
"""
HOST = b"Host: box.test\r\n"
AMBIGUOUS = {
    "content-length and transfer-encoding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "transfer-encoding and content-length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "content-length twice, the same": b"Content-Length: 2\r\nContent-Length: 2\r\n",
    "content-length twice, different": b"Content-Length: 2\r\nContent-Length: 3\r\n",
    "content-length as a list": b"Content-Length: 2, 2\r\n",
    "content-length with a sign": b"Content-Length: +2\r\n",
    "a space before the colon": b"Content-Length : 2\r\n",
    "chunked, then another coding": b"Transfer-Encoding: chunked, identity\r\n",
    "another coding, then chunked": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxProcess]:
    with BoxProcess(tmp_path_factory.mktemp("connections"), config=QUICK) as process:
        yield process


def port_of(process: BoxProcess) -> int:
    url = process.url()
    assert url is not None
    return int(url.rsplit(":", 1)[1])


def connect(process: BoxProcess, send: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port_of(process)), timeout=20)
    connection.sendall(send)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with connection:
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_a_body_of_ambiguous_length_is_refused_and_the_connection_closed(
    process: BoxProcess, headers: bytes
) -> None:
    hidden = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
    request = b"POST /sync HTTP/1.1\r\n" + HOST + headers + b"\r\n0\r\n\r\n" + hidden
    answer = read_to_end(connect(process, request))
    assert status_of(answer) in (400, 501)
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1, "what was hidden in it was answered"
    assert b"connection: close" in answer.lower()
    shape = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert set(shape) == {"error", "code", "details", "correlationId"}
    assert shape["correlationId"]


@pytest.mark.parametrize("hosts", [b"", HOST + HOST])
def test_one_host_it_must_be(process: BoxProcess, hosts: bytes) -> None:
    request = b"GET /health HTTP/1.1\r\n" + hosts + b"\r\n"
    assert status_of(read_to_end(connect(process, request))) == 400


def test_a_head_without_end_is_cut_off(process: BoxProcess) -> None:
    connection = connect(process, b"GET /health HTTP/1.1\r\n" + HOST)
    answer = b""
    try:
        for _ in range(64):
            connection.sendall(b"X-Padding: " + b"x" * 4096 + b"\r\n")
        answer = read_to_end(connection)
    except ConnectionError:
        pytest.fail("the refusal was lost in a reset")
    assert status_of(answer) == 431


def test_a_large_head_in_one_piece_is_refused_too(process: BoxProcess) -> None:
    head = b"GET /health HTTP/1.1\r\n" + HOST + b"X-Padding: " + b"x" * 200_000 + b"\r\n\r\n"
    assert status_of(read_to_end(connect(process, head))) == 431


def test_trailers_are_never_taken_for_headers(process: BoxProcess) -> None:
    token = str(process.http.headers["authorization"]).encode()
    request = (
        b"POST /queue/pause HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n"
        b"Authorization: " + token + b"\r\n\r\n"
    )
    assert status_of(read_to_end(connect(process, request))) == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"GET /health HTTP/1.1\r\nHo", 408),
        (b"\r\n\r\n", 408),
        (b"POST /sync HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n{", 408),
    ],
    ids=["silent", "half a head", "empty lines", "half a body"],
)
def test_what_is_begun_and_not_ended_is_closed(
    process: BoxProcess, sent: bytes, status: int | None
) -> None:
    if b"POST" in sent:
        token = str(process.http.headers["authorization"]).encode()
        sent = sent.replace(HOST, HOST + b"Authorization: " + token + b"\r\n")
        sent = sent.replace(HOST, HOST + b"Content-Type: application/json\r\n")
    answer = read_to_end(connect(process, sent))  # a socket that lives on ends the test by timeout
    assert (status_of(answer) if answer else None) == (408 if status else None)


def test_a_dripping_body_comes_to_an_end(process: BoxProcess) -> None:
    token = str(process.http.headers["authorization"]).encode()
    head = (
        b"POST /sync HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
        b"Authorization: " + token + b"\r\nContent-Length: 1000\r\n\r\n"
    )
    connection = connect(process, head)
    assert not all(_sends_a_byte(connection) for _ in range(1000))


def _sends_a_byte(connection: socket.socket) -> bool:
    """Whether the other side still listens."""
    time.sleep(0.05)
    try:
        connection.sendall(b" ")
    except OSError:
        return False
    return True


def test_past_the_limit_there_is_a_clear_answer_and_the_rest_goes_on(process: BoxProcess) -> None:
    url = process.url()
    with httpx.Client(base_url=url or "", trust_env=False) as early, ExitStack() as held:
        assert early.get("/health").status_code == 200
        for _ in range(60):
            held.enter_context(connect(process, b"GET /health HTTP/1.1\r\n"))
        late = connect(process, b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = read_to_end(late)
        assert status_of(answer) == 503
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "too_many_connections"
        assert b"retry-after" in answer.lower()
    assert httpx.get(f"{url}/health", trust_env=False).status_code == 200


def test_idle_connections_make_way(process: BoxProcess) -> None:
    with ExitStack() as held:
        for _ in range(60):
            kept = held.enter_context(connect(process))
            kept.sendall(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
            assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        assert process.http.get("/queue/stats").status_code == 200


def test_few_files_are_no_end_and_fill_no_log(tmp_path: Path) -> None:
    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (110, 110))

    with (
        BoxProcess(tmp_path, config=QUICK, before_exec=few_files) as process,
        ExitStack() as held,
    ):
        for _ in range(300):
            try:
                held.enter_context(connect(process, b"GET /health HTTP/1.1\r\nHo"))
            except OSError:
                break

        def answers() -> bool:
            """False while a connection for which there is no file is closed at once."""
            try:
                return process.http.get("/health").status_code == 200
            except httpx.TransportError:
                return False

        assert until(answers, seconds=30)
        assert process.http.post("/queue/pause", json={"lane": "llm"}).status_code == 200
        assert len(process.said()) < 100_000


def test_the_soft_limit_on_files_is_raised(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def low_soft_limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))

    with BoxProcess(tmp_path, before_exec=low_soft_limit) as process:
        limits = Path(f"/proc/{process.process.pid}/limits").read_text("ascii")
        (line,) = (line for line in limits.splitlines() if line.startswith("Max open files"))
        assert line.split()[3] == line.split()[4]


def test_simple_clients_see_why_a_body_is_too_large(process: BoxProcess) -> None:
    for size in (2 * 1024 * 1024, 33 * 1024 * 1024):
        request = urllib.request.Request(
            f"{process.url()}/tasks",
            data=b" " * size,
            headers={
                "Authorization": str(process.http.headers["authorization"]),
                "Content-Type": "application/json",
            },
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        shape = json.loads(refused.value.read())
        assert (refused.value.code, shape["code"]) == (413, "too_large")
        assert "KiB" in shape["error"] or "MiB" in shape["error"]
