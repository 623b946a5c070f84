import re
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.cli.served import Cli, Served, served_box
from tests.doubles.twilio import TwilioDouble
from tests.faults.box_process import until


@pytest.fixture(autouse=True)
def one_user(cli: Cli) -> None:
    """Before each test Ada is the only user, so that the tests may run in any order."""
    for user in cli.json("user", "list"):
        cli.ok("user", "delete", user["id"], "--yes")
    cli.ok("user", "add", "Ada", "--id", "ada", "--email", "ada@example.org")


def test_a_box_without_users_says_how_to_make_one(cli: Cli) -> None:
    cli.ok("user", "delete", "ada", "--yes")
    assert "user add" in cli.fails("task", "list", code=1)


def test_a_user_is_made_and_is_then_the_one_who_is_meant(cli: Cli) -> None:
    assert [user["id"] for user in cli.json("user", "list")] == ["ada"]
    assert cli.ok("task", "list") == "No task.\n"


@pytest.mark.parametrize("name", ["", "  "])
def test_a_user_needs_a_name(cli: Cli, name: str) -> None:
    for words in (("user", "add", name), ("user", "set", "ada", "--name", name)):
        assert "a user needs a name" in cli.fails(*words, code=2)
    assert [user["name"] for user in cli.json("user", "list")] == ["Ada"]


@pytest.mark.parametrize("name", ["ada", "ADA", "Ada@example.org"])
def test_a_user_is_found_by_id_name_or_mail(cli: Cli, name: str) -> None:
    assert cli.json("user", "show", name)["id"] == "ada"


def test_an_unknown_zone_is_refused_by_its_field(cli: Cli) -> None:
    told = cli.fails("user", "set", "ada", "--timezone", "Mars/Base", code=1)
    assert told.startswith("timezone: must be an IANA time zone")


def test_a_language_clocks_and_weeks_are_set_and_shown(cli: Cli) -> None:
    wanted = ("--locale", "en-gb", "--hour-cycle", "12", "--week-start", "sunday")
    told = cli.ok("user", "set", "ada", *wanted)
    for line in (r"written to in +en-GB", r"clocks +12 hours", r"weeks from +Sunday"):
        assert re.search(line, told), line
    told = cli.ok("user", "set", "ada", "--hour-cycle", "usual", "--week-start", "usual")
    assert "clocks" not in told
    assert "weeks from" not in told
    refused = cli.fails("user", "set", "ada", "--locale", "en-UK", code=1)
    assert refused.startswith("locale: must be one of de, en-GB, en-US")
    assert "did you mean en-GB?" in refused


def test_when_briefs_come_is_set_and_shown_in_words(cli: Cli) -> None:
    cli.ok("user", "set", "ada", "--briefs", "--frequency", "custom", "--on", "mon,wed",
           "--at", "7:30", "--timezone", "Europe/Berlin")  # fmt: skip
    shown = cli.ok("user", "show", "ada")
    assert "on Monday, Wednesday at 07:30 by mail" in shown
    assert "Europe/Berlin" in shown


def test_a_weekly_brief_has_one_day(cli: Cli) -> None:
    assert "one day" in cli.fails(
        "user", "set", "ada", "--frequency", "weekly", "--on", "mon,wed", code=2
    )
    shown = cli.json("user", "set", "ada", "--frequency", "weekly", "--on", "sunday")
    assert shown["preferences"]["dayOfWeek"] == 0


def test_setting_nothing_is_a_usage_error(cli: Cli) -> None:
    assert "give at least one option" in cli.fails("user", "set", "ada", code=2)


def test_with_two_users_a_command_must_say_whose(cli: Cli) -> None:
    cli.ok("user", "add", "Bo", "--id", "bo")
    told = cli.fails("task", "list", code=1)
    assert "--user" in told
    assert "ada" in told
    assert "bo" in told


def test_a_user_is_erased_only_after_a_yes(cli: Cli) -> None:
    cli.ok("user", "add", "Bo", "--id", "bo")
    assert cli.run("user", "delete", "bo", stdin="n\n").exit_code == 1
    assert cli.ok("user", "delete", "bo", "--yes") == "Erased Bo (bo)\n"
    assert "there is no user 'bo'" in cli.fails("user", "show", "bo", code=1)


def test_a_link_to_the_users_page(cli: Cli) -> None:
    cli.ok("user", "add", "Link", "--id", "link")
    result = cli.run("user", "link", "link")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("http://")
    assert "/app/#sign-in=" in result.stdout
    assert "until" in result.stderr


def test_an_address_that_a_user_sets_is_confirmed_by_its_code(cli: Cli, served: Served) -> None:
    cli.ok("user", "add", "Cleo", "--id", "cleo", "--email", "cleo@example.org")
    assert "not confirmed" not in cli.ok("user", "show", "cleo")
    own = Cli(served.url, cli.json("token", "create", "cleo", "--scope", "user:cleo")["token"])
    assert "new@example.net (not confirmed" in own.ok(
        "user", "set", "cleo", "--email", "new@example.net"
    )
    first = code_to(served.data / "outbox", "new@example.net", number=1)
    assert "A code goes to new@example.net" in own.ok("user", "send-code", "cleo")
    code = code_to(served.data / "outbox", "new@example.net", number=2)
    wrong = "000000" if "000000" not in (first, code) else "111111"
    assert "is not the code" in own.fails("user", "confirm", "cleo", wrong, code=1)
    assert own.ok("user", "confirm", "cleo", code) == "new@example.net is confirmed\n"
    assert "not confirmed" not in own.ok("user", "show", "cleo")
    assert "confirmed already" in own.fails("user", "send-code", "cleo", code=1)


def code_to(outbox: Path, address: str, *, number: int) -> str:
    """The code in the newest mail to the address, once there are so many."""

    def found() -> list[str]:
        mails = [message_from_bytes(path.read_bytes()) for path in sorted(outbox.glob("*.eml"))]
        return [str(mail.get_payload()) for mail in mails if mail["To"] == address]

    assert until(lambda: len(found()) >= number, seconds=30)
    return found()[-1].partition("code is ")[2][:6]


def test_a_phone_number_is_confirmed_by_the_operator(cli: Cli) -> None:
    said = cli.fails("user", "phone", "ada", "+14155552671", code=1)
    assert said == "no code can be sent: SMS not configured\n"
    cli.ok("user", "phone", "ada", "+14155552671", "--confirmed")
    shown = cli.json("user", "show", "ada")["sms"]
    assert (shown["phone_number"], shown["phone_verified"]) == ("+14155552671", True)
    assert "phone          +14155552671\n" in cli.ok("user", "show", "ada")
    cli.ok("user", "phone", "ada", "none")
    assert "phone " not in cli.ok("user", "show", "ada")


def test_a_phone_number_is_confirmed_by_the_code_that_came(tmp_path: Path) -> None:
    with TwilioDouble(None) as twilio, served_box(tmp_path, twilio.toml) as box:
        cli = Cli(box.url, box.token)
        cli.ok("user", "add", "Ada", "--id", "ada")
        assert "A code goes to +14155552671" in cli.ok("user", "phone", "ada", "+14155552671")
        assert until(lambda: bool(twilio.sent), seconds=30)
        (code,) = re.findall(r"\d{6}", twilio.sent[0]["Body"])
        assert "is not the code" in cli.fails("user", "confirm-phone", "ada", "12", code=1)
        assert "+14155552671 is confirmed" in cli.ok("user", "confirm-phone", "ada", code)


def test_a_number_that_is_none_is_refused_by_its_field(cli: Cli) -> None:
    assert cli.fails("user", "phone", "ada", "12", code=1).startswith("phoneNumber: ")


def test_quiet_hours_hold_for_all_channels(cli: Cli) -> None:
    shown = cli.json("user", "set", "ada", "--quiet", "22:00-7:00")
    assert (shown["notifications"]["dndStart"], shown["notifications"]["dndEnd"]) == (
        "22:00",
        "07:00",
    )
    assert (shown["sms"]["quiet_hours_start"], shown["sms"]["quiet_hours_end"]) == (
        "22:00",
        "07:00",
    )
    assert "22:00-07:00" in cli.ok("user", "show", "ada")
    shown = cli.json("user", "set", "ada", "--quiet", "none")
    assert (shown["notifications"]["dndStart"], shown["sms"]["quiet_hours_end"]) == (None, None)
    assert "--quiet" in cli.fails("user", "set", "ada", "--quiet", "late", code=2)


def test_reminders_are_switched_by_command(cli: Cli) -> None:
    assert cli.json("user", "set", "ada", "--reminders")["sms"]["enabled"] is True
