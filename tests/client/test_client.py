"""The client of the command line: what it sends, and what it makes of each answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from buildos_box.client import BoxClient, BoxRefused, BoxUnreachable, url_path
from buildos_box.client.client import with_tls
from tests.doubles.web import Answer, Web


def said(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def sent(web: Web) -> list[tuple[str, str, Any]]:
    """Method, path and JSON body of each request so far."""
    return [
        (request.method, request.path, json.loads(request.body) if request.body else None)
        for request in web.seen
    ]


def test_a_path_holds_any_character_of_its_parts() -> None:
    assert url_path("users", "a/b?c", "brief:1") == "/users/a%2Fb%3Fc/brief:1"


def test_certificates_are_verified_wherever_there_are_any() -> None:
    assert with_tls("https://box.example") is True
    assert with_tls("http://box.example") is False


def test_every_method_sends_its_body_and_returns_the_answer() -> None:
    with Web(said({"n": 1})) as web, BoxClient(web.url(""), "secret") as box:
        assert box.get("/a", limit=2, cursor=None) == {"n": 1}
        assert box.post("/b", {"x": 1}) == {"n": 1}
        assert box.put("/c", {"x": 2}) == {"n": 1}
        assert box.patch("/d", {"x": 3}) == {"n": 1}
        box.delete("/e")
        assert sent(web) == [
            ("GET", "/a?limit=2", None),
            ("POST", "/b", {"x": 1}),
            ("PUT", "/c", {"x": 2}),
            ("PATCH", "/d", {"x": 3}),
            ("DELETE", "/e", None),
        ]
        assert {request.headers["authorization"] for request in web.seen} == {"Bearer secret"}


def test_the_operations_have_their_paths_and_fields() -> None:
    with Web(said({"n": 1})) as web, BoxClient(web.url(""), None) as box:
        answers = [
            box.sync({"users": []}),
            box.queue_brief("ada", force=True),
            box.queue_phases("ada", "p1", force=True),
            box.phases("p/1"),
            box.forecast(),
            box.forecast(days=3, user="ada"),
            box.job("job-1"),
            box.brief("ada", "2024-10-23"),
        ]
        assert answers == [{"n": 1}] * 8
        assert sent(web) == [
            ("POST", "/sync", {"users": []}),
            ("POST", "/queue/brief", {"userId": "ada", "force": True}),
            ("POST", "/queue/phases", {"userId": "ada", "projectId": "p1", "force": True}),
            ("GET", "/projects/p%2F1/phases", None),
            ("GET", "/schedule/forecast?days=7", None),
            ("GET", "/schedule/forecast?days=3&user=ada", None),
            ("GET", "/jobs/job-1", None),
            ("GET", "/users/ada/briefs/2024-10-23", None),
        ]
        assert "authorization" not in web.seen[0].headers


@pytest.mark.parametrize("more", [{"nextCursor": "c 2"}, {"next_cursor": "c 2"}])
def test_a_list_is_fetched_page_by_page_until_there_is_no_cursor(more: dict[str, str]) -> None:
    pages = [
        said({"jobs": [{"n": 1}, {"n": 2}], **more}),
        said({"jobs": [{"n": 3}], "nextCursor": None}),
    ]
    with Web(*pages) as web, BoxClient(web.url(""), None) as box:
        assert [job["n"] for job in box.items("/jobs", "jobs", status="failed")] == [1, 2, 3]
        assert [path for _, path, _ in sent(web)] == [
            "/jobs?status=failed",
            "/jobs?cursor=c+2&status=failed",
        ]


def test_a_refusal_has_the_sentence_the_code_and_the_details() -> None:
    body = {
        "error": "not that",
        "code": "invalid",
        "details": [{"field": "to"}, "odd"],
        "correlationId": "c1",
    }
    with (
        Web(said(body, 422)) as web,
        BoxClient(web.url(""), None) as box,
        pytest.raises(BoxRefused, match=r"^not that$") as refused,
    ):
        box.get("/a")
    error = refused.value
    assert (error.status, error.code, error.correlation_id) == (422, "invalid", "c1")
    assert error.details == [{"field": "to"}]


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
def test_a_refusal_without_words_says_its_status(body: bytes) -> None:
    with (
        Web(Answer(300, body)) as web,
        BoxClient(web.url(""), None) as box,
        pytest.raises(BoxRefused, match=r"^the server answered 300$") as refused,
    ):
        box.get("/a")
    assert (refused.value.code, refused.value.details) == ("", [])
    assert refused.value.correlation_id == ""


def test_an_empty_answer_is_none_and_what_is_no_json_is_no_box() -> None:
    with Web(Answer(204), Answer(200, b"<html>")) as web, BoxClient(web.url(""), None) as box:
        assert box.post("/a") is None
        with pytest.raises(BoxUnreachable, match="is not a BuildOS Box"):
            box.get("/a")


def test_where_nobody_answers_it_says_where() -> None:
    with Web() as web:
        gone = web.url("")
    for path in ("/a", "/" + "a" * 70_000):
        with pytest.raises(BoxUnreachable) as error, BoxClient(gone, None) as box:
            box.get(path)
        assert str(error.value).startswith(f"no server answers at {gone}: ")


def test_health_is_told_also_of_a_box_that_is_not_well() -> None:
    with Web(said({"status": "degraded"}, 503)) as web, BoxClient(web.url(""), None) as box:
        assert box.health() == {"status": "degraded"}
        assert sent(web) == [("GET", "/health", None)]


def test_a_job_is_told_of_each_time_it_changes_until_it_ends() -> None:
    def job(status: str, progress: int | None = None) -> Answer:
        return said({"status": status, "progress": progress})

    script = [job("pending"), job("pending"), job("processing"), job("processing", 50)]
    for end in ("completed", "failed", "cancelled"):
        with Web(*script, job(end)) as web, BoxClient(web.url(""), None) as box:
            seen = [
                (found["status"], found["progress"]) for found in box.follow("j", every_seconds=0)
            ]
            assert seen == [
                ("pending", None),
                ("processing", None),
                ("processing", 50),
                (end, None),
            ]
            assert len(web.seen) == 5


def test_a_job_that_does_not_end_is_given_up() -> None:
    with (
        Web(said({"status": "pending", "progress": None})) as web,
        BoxClient(web.url(""), None) as box,
        pytest.raises(TimeoutError, match=r"^j has not finished within 0.1 s$"),
    ):
        list(box.follow("j", every_seconds=0.01, timeout_seconds=0.1))


def test_an_answer_is_not_waited_for_longer_than_asked() -> None:
    with (
        Web(Answer(delay=0.5)) as web,
        BoxClient(web.url(""), None, timeout_seconds=0.05) as box,
        pytest.raises(BoxUnreachable, match="timed out"),
    ):
        box.get("/slow")


def test_no_proxy_of_the_environment_sees_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with Web() as proxy, Web(said({})) as web:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("NO_PROXY", "")
        with BoxClient(web.url(""), "secret") as box:
            box.get("/a")
        assert (len(proxy.seen), len(web.seen)) == (0, 1)


def test_what_it_was_made_with_is_kept(tmp_path: Path) -> None:
    local = BoxClient("http://localhost", "secret", data=tmp_path)
    assert (local.url, local.token, local.data) == ("http://localhost", "secret", tmp_path)
    assert BoxClient("http://localhost", None).data is None
