"""`POST /queue/test-email`: one mail, the transport's answer, or why not."""

from tests.world import BoxWorld


async def test_a_test_mail_leaves_once_and_nobody_elses_name_is_in_it(box: BoxWorld) -> None:
    job_id = (await box.post("/queue/test-email", {"to": "me@example.org"}))["jobId"]
    queued = await box.get(f"/jobs/{job_id}")
    assert (queued["job_type"], queued["lane"]) == ("send_test_email", "email")
    assert (queued["priority"], queued["max_attempts"]) == (1, 1)
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    (mail,) = box.outbox
    assert (mail["To"], mail["Subject"]) == ("me@example.org", "Test mail from BuildOS Box")
    assert "This server can send mail." in mail.get_content()
    assert job["status"] == "completed"
    assert job["result"]["transport"] == "outbox"


async def test_an_address_that_no_server_takes_is_refused_by_its_field(box: BoxWorld) -> None:
    answer = await box.call("POST", "/queue/test-email", {"to": "nobody"})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]] == ["to"]
    assert await box.jobs() == []


async def test_only_a_service_or_an_admin_may_send_one(box: BoxWorld) -> None:
    for scope in ("user:ada", "viewer"):
        token = await box.token_for(scope)
        for path, body in (
            ("email", {"to": "me@example.org"}),
            ("sms", {"to": "+14155552671"}),
            ("push", {"userId": "ada"}),
            ("chat", {"userId": "ada"}),
        ):
            answer = await box.call("POST", f"/queue/test-{path}", body, token=token)
            assert answer.status_code == 403
    assert await box.jobs() == []
