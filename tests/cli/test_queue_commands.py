import json
from datetime import UTC, datetime, timedelta

from tests.cli.served import Cli


def test_a_brief_is_written_and_shown_as_markdown(person: Cli) -> None:
    person.ok("task", "add", "Pay rent", "--due", "today", "-p", "home")
    assert "Pay rent" in person.ok("brief", "now")
    assert "Pay rent" in person.ok("brief", "show")
    assert "Pay rent" in person.ok("brief", "show", "today")


def test_the_list_of_briefs_has_the_one_that_was_written(person: Cli) -> None:
    person.ok("brief", "now")
    listed = person.json("brief", "list")
    assert [brief["generationStatus"] for brief in listed] == ["completed"]
    (row,) = person.ok("brief", "list").splitlines()[1:]
    assert row.startswith(f"{listed[0]['briefDate']}  completed")
    assert listed[0]["subject"][:12] in row


def test_a_brief_is_shown_as_its_facts_only_if_asked_for(person: Cli) -> None:
    person.ok("brief", "now")
    shown = person.json("brief", "show")
    assert person.ok("brief", "show").startswith(shown["summaryContent"].splitlines()[0])


def test_a_brief_may_be_queued_without_waiting_and_its_job_looked_at(ada: Cli) -> None:
    queued = ada.json("brief", "now", "--again", "--no-wait")
    shown = ada.json("job", "show", queued["jobId"])
    assert shown["job_type"] == "generate_daily_brief"
    assert shown["why"]
    assert queued["jobId"] in ada.ok("job", "show", queued["jobId"])


def test_a_brief_that_is_asked_for_is_mailed_at_once(ada: Cli) -> None:
    """Also to who has no brief time; one that a program asks for would not be mailed to them."""
    ada.client().sync({"preferences": [{"userId": "ada", "isActive": False}]})
    queued = ada.json("brief", "now", "--day", "tomorrow", "--no-wait")
    assert queued["notificationScheduledFor"] == queued["scheduledFor"]


def test_no_brief_of_a_day_is_said(ada: Cli) -> None:
    assert "there is no brief of 2020-01-01" in ada.fails("brief", "show", "2020-01-01", code=1)


def test_jobs_are_listed_by_type_and_no_more_than_asked_for(person: Cli) -> None:
    queued = [
        person.json("brief", "now", "--day", day, "--no-wait")["jobId"]
        for day in ("2031-01-02", "2031-01-03")
    ]
    chosen = ("--type", "generate_daily_brief", "--user", person.env["BUILDOS_BOX_USER"])
    (job,) = person.json("job", "list", *chosen, "--limit", "1")
    assert job["job_type"] == "generate_daily_brief"
    assert job["id"] in queued
    assert job["id"] in person.ok("job", "list", *chosen)


def test_a_job_in_waiting_is_explained_cancelled_and_tried_again(ada: Cli) -> None:
    later = {"userId": "ada", "scheduledFor": _in_a_month(), "briefDate": "2031-01-01"}
    job_id = ada.client().post("/queue/brief", later)["jobId"]
    due = later["scheduledFor"].removesuffix("Z").replace("T", " ")
    assert ada.ok("job", "why", job_id) == f"due at {due} UTC\n"
    assert f"{job_id}: due at {due} UTC\n" in ada.ok("job", "show", job_id)
    assert ada.ok("job", "cancel", job_id) == f"{job_id} is cancelled\n"
    assert "cancelled by" in ada.ok("job", "why", job_id)
    assert ada.json("job", "retry", job_id)["id"] == job_id


def test_a_job_that_is_finished_cannot_be_cancelled(person: Cli) -> None:
    person.ok("brief", "now")
    whose = ("--user", person.env["BUILDOS_BOX_USER"])
    done = person.json("job", "list", "--status", "completed", *whose)[0]["id"]
    told = person.fails("job", "cancel", done, code=1)
    assert "completed" in told


def test_an_unknown_state_is_refused_by_its_field(ada: Cli) -> None:
    assert ada.fails("job", "list", "--status", "lost", code=1).startswith("status: ")


def test_a_job_that_is_not_there_is_said_also_to_programs(ada: Cli) -> None:
    assert ada.fails("job", "show", "job-none", code=1) == "there is no job job-none\n"
    said = json.loads(ada.fails("job", "show", "job-none", "--json", code=1))
    assert said["error"] == "there is no job job-none"


def test_a_token_is_printed_alone_and_opens_its_users_data_only(ada: Cli) -> None:
    ada.ok("user", "add", "Bo", "--id", "bo")
    token = ada.ok("token", "create", "laptop", "--scope", "user:ada").strip()
    assert ada.run("task", "list", "--user", "ada", token=token).exit_code == 0
    assert "there is no user 'bo'" in ada.fails("task", "list", "-u", "bo", token=token, code=1)
    assert "--user" in Cli(ada.url, token).fails("task", "list", code=1)


def test_a_users_token_may_not_issue_others(ada: Cli) -> None:
    token = ada.ok("token", "create", "phone", "--scope", "user:ada").strip()
    assert "admin" in ada.fails("token", "create", "x", "--scope", "admin", token=token, code=4)


def test_a_revoked_token_is_not_let_in_and_the_way_out_is_told(ada: Cli) -> None:
    made = ada.json("token", "create", "old", "--scope", "service", "--expires", "in 90 days")
    ada.ok("token", "revoke", made["id"])
    told = ada.fails("task", "list", token=made["token"], code=4)
    assert told == "this token is not valid\nGive a token with --token or BUILDOS_BOX_TOKEN.\n"
    listed = {token["id"]: token for token in ada.json("token", "list")}
    assert listed[made["id"]]["revokedAt"]
    assert "revoked" in ada.ok("token", "list")


def test_a_scope_that_is_none_is_refused_by_its_field(ada: Cli) -> None:
    assert ada.fails("token", "create", "x", "--scope", "root", code=1).startswith("scope: ")


def test_a_token_for_a_user_that_does_not_exist_is_refused(ada: Cli) -> None:
    told = ada.fails("token", "create", "x", "--scope", "user:nobody", code=1)
    assert told.startswith("scope: there is no user nobody")


def _in_a_month() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
