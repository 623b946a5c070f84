from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.served import Cli, Served


def waiting(ada: Cli, day: str) -> str:
    """A brief's job of that command line's user that is due in a month."""
    due = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"userId": ada.env["BUILDOS_BOX_USER"], "scheduledFor": due, "briefDate": day}
    return str(ada.client().post("/queue/brief", body)["jobId"])


def status(ada: Cli, job_id: str) -> str:
    return str(ada.json("job", "show", job_id)["status"])


def test_a_job_is_promoted(ada: Cli) -> None:
    ada.ok("queue", "pause")
    job_id = waiting(ada, "2031-02-01")
    assert ada.ok("job", "promote", job_id) == f"{job_id} is pending\n"
    assert ada.json("job", "show", job_id)["priority"] == 1
    ada.ok("job", "cancel", job_id)
    ada.ok("queue", "resume")


def test_many_jobs_are_counted_asked_for_and_cancelled(person: Cli) -> None:
    ids = [waiting(person, f"2031-03-0{n}") for n in (1, 2)]
    chosen = ("--status", "pending", "--user", person.env["BUILDOS_BOX_USER"])
    assert person.ok("job", "bulk", "cancel", *chosen, "--dry-run") == "Would cancel 2 of 2 jobs\n"
    asked = person.run("job", "bulk", "cancel", *chosen, stdin="n\n")
    assert "Cancel 2 jobs?" in asked.stderr
    assert asked.exit_code == 1
    assert [status(person, job_id) for job_id in ids] == ["pending", "pending"]
    assert person.ok("job", "bulk", "cancel", *chosen, "--yes") == "Cancelled 2 of 2 jobs\n"
    assert [status(person, job_id) for job_id in ids] == ["cancelled", "cancelled"]
    report = person.json("job", "bulk", "cancel", ids[0], "--yes")
    assert (report["matched"], report["done"]) == (1, 0)
    assert report["refused"][0]["id"] == ids[0]


def test_nothing_is_asked_about_no_job(person: Cli) -> None:
    chosen = ("--status", "pending", "--user", person.env["BUILDOS_BOX_USER"])
    none = "No job matches; nothing to cancel.\n"
    assert person.ok("job", "bulk", "cancel", *chosen) == none
    assert person.ok("job", "bulk", "cancel", *chosen, "--yes") == none
    job_id = waiting(person, "2031-03-03")
    person.ok("job", "cancel", job_id)
    said = person.ok("job", "bulk", "cancel", job_id)
    assert said == "Of 1 job none can be cancelled.\n"
    assert person.json("job", "bulk", "cancel", job_id)["matched"] == 1


def test_only_jobs_old_enough_are_meant(ada: Cli) -> None:
    job_id = waiting(ada, "2031-04-01")
    report = ada.json("job", "bulk", "cancel", "--older", "2h", "--status", "pending", "--dry-run")
    assert report["matched"] == 0
    for age in ("soon", "12", "h", "-2h", "2y", "٢h", "9999999999d"):
        said = ada.fails("job", "bulk", "cancel", "--older", age, code=2)
        assert "--older" in said
    for age in ("30m", "120h", "10d", "2w"):
        ada.ok("job", "bulk", "cancel", "--older", age, "--status", "pending", "--dry-run")
    ada.ok("job", "cancel", job_id)


def test_bulk_never_means_all_jobs(ada: Cli) -> None:
    assert "give job ids" in ada.fails("job", "bulk", "cancel", "--yes", code=2)


def test_a_lane_is_paused_and_resumed(ada: Cli) -> None:
    assert ada.ok("queue", "pause", "--lane", "llm") == "lane llm: paused\n"
    assert ada.ok("queue", "pause", "--lane", "llm") == "lane llm: paused, as before\n"
    found, shown = ada.json("queue", "lanes"), ada.ok("queue", "lanes")
    assert ada.json("queue", "resume", "--lane", "llm") == {"success": True, "changed": True}
    assert [lane["name"] for lane in found["lanes"] if lane["paused"]] == ["llm"]
    (pause,) = found["pauses"]
    since = pause["since"].partition(".")[0].replace("T", " ")
    assert f"paused: lane llm since {since} (UTC) by {pause['actor']}\n" in shown
    assert "there is no lane 'lml'" in ada.fails("queue", "pause", "--lane", "lml", code=2)


def test_resuming_names_what_is_still_paused_and_how_to_resume_it(ada: Cli) -> None:
    ada.ok("queue", "pause", "--lane", "sms")
    ada.ok("queue", "pause", "--type", "generate_daily_brief")
    ada.ok("queue", "pause")
    lane = "still paused: lane sms (buildos-box queue resume --lane sms)\n"
    kind = (
        "still paused: type generate_daily_brief "
        "(buildos-box queue resume --type generate_daily_brief)\n"
    )
    every = "still paused: all jobs (buildos-box queue resume)\n"
    said = ada.ok("queue", "resume", "--type", "generate_daily_brief")
    assert said == f"type generate_daily_brief: not paused\n{lane}{every}"
    ada.ok("queue", "pause", "--type", "generate_daily_brief")
    assert ada.ok("queue", "resume").startswith("all jobs: not paused\nstill paused: ")
    said = ada.ok("queue", "resume")
    assert said.startswith("all jobs: not paused, as before\n")
    assert sorted(said.splitlines(keepends=True)[1:]) == [lane, kind]
    ada.ok("queue", "resume", "--type", "generate_daily_brief")
    assert ada.ok("queue", "resume", "--lane", "sms") == "lane sms: not paused\n"


def briefs_done(cli: Cli) -> int:
    """The finished briefs of everybody that are counted."""
    counts = cli.json("queue", "stats")
    kind = ("generate_daily_brief", "completed")
    return sum(row["count"] for row in counts if (row["job_type"], row["status"]) == kind)


def test_the_queue_is_counted(person: Cli) -> None:
    before = briefs_done(person)
    person.ok("brief", "now")
    assert briefs_done(person) == before + 1
    assert "generate_daily_brief" in person.ok("queue", "stats")


def test_what_lanes_end_in_a_minute_is_told_to_two_places(person: Cli) -> None:
    person.ok("brief", "now")
    heads, *rows = person.ok("queue", "lanes").splitlines()
    start, end = heads.index("per minute"), heads.index("clear in")
    rates = [row[start:end].strip() for row in rows]
    assert any(float(rate) > 0 for rate in rates)
    assert [rate for rate in rates if len(rate.partition(".")[2]) > 2] == []


def test_cleanup_counts_and_asks_first(ada: Cli) -> None:
    ada.ok("user", "add", "Ben", "--id", "ben")
    ada.ok("brief", "now", "--user", "ben")
    job_id = waiting(ada, "2031-05-01")
    said = ada.ok("queue", "cleanup", "--dry-run", "--completed-days", "0.0000001")
    assert said.startswith("Would cancel 0 stale jobs, archive 0 old failed jobs and delete ")
    count = int(said.split()[-4])
    assert count > 0
    again = ("queue", "cleanup", "--completed-days", "0.0000001")
    asked = ada.run(*again, stdin="n\n")
    assert f"delete {count} old finished jobs?" in asked.stderr
    assert ada.json(*again, "--yes")["completedDeleted"] == count
    assert status(ada, job_id) == "pending"


def test_crons_are_listed_and_run(ada: Cli) -> None:
    crons = {cron["name"]: cron for cron in ada.json("cron", "list")}
    assert crons["briefs"]["schedule"] == "0 * * * *"
    assert ada.ok("cron", "run", "briefs").startswith("briefs: ")
    assert "briefs" in ada.ok("cron", "list")
    assert ada.json("cron", "run", "briefs")["cause"] == "by_hand"
    assert "no cron is named nonsense" in ada.fails("cron", "run", "nonsense", code=1)


def test_a_test_mail_is_written_where_the_transport_says(ada: Cli, served: Served) -> None:
    said = ada.ok("send-test", "email", "me@example.org")
    name = said.split()[6]
    assert said == f"Written to the outbox for me@example.org: {name} (email.transport is outbox)\n"
    mail = Path(served.data / "outbox" / name).read_text("utf-8")
    assert "To: me@example.org" in mail
    assert ada.json("send-test", "email", "me@example.org")["status"] == "completed"


def test_a_test_mail_to_what_is_no_address_is_refused(ada: Cli) -> None:
    assert ada.fails("send-test", "email", "nobody", code=1).startswith("to: ")


def test_a_test_sms_without_an_account_says_so(ada: Cli) -> None:
    assert "SMS not configured" in ada.fails("send-test", "sms", "+14155552671", code=1)
    assert ada.fails("send-test", "sms", "12", code=1).startswith("to: ")


def test_a_test_push_to_who_has_no_browser_says_so(ada: Cli) -> None:
    assert "no browser of ada has subscribed" in ada.fails("send-test", "push", "ada", code=1)


def test_a_users_token_may_not_steer_the_queue(ada: Cli) -> None:
    token = ada.ok("token", "create", "t", "--scope", "user:ada").strip()
    for words in (
        ("queue", "pause"),
        ("queue", "cleanup", "--yes"),
        ("cron", "run", "briefs"),
        ("send-test", "email", "me@example.org"),
        ("send-test", "sms", "+14155552671"),
        ("send-test", "push", "ada"),
        ("job", "bulk", "cancel", "--user", "ada", "--yes"),
    ):
        assert "needs a token" in ada.fails(*words, token=token, code=4)
