import sqlite3

from tests.cli.served import Cli, Served


def test_mails_are_listed_and_shown_with_their_log(ada: Cli) -> None:
    assert ada.ok("mail", "list") == "No mail.\n"
    ada.ok("brief", "now")
    (mail,) = ada.json("mail", "list")
    shown = ada.ok("mail", "show", mail["id"])
    assert "ada@example.org" in shown
    assert "queued" in shown
    assert "Unsubscribe: by the link in the mail itself" in shown


def test_wishes_are_set_and_told(ada: Cli) -> None:
    assert ada.ok("mail", "unsubscribe", "notifications", "briefs") == (
        "Ada Berg is unsubscribed from briefs, notifications\n"
    )
    assert "briefs, notifications" in ada.ok("mail", "status")
    assert ada.ok("mail", "unsubscribe", "none") == "Ada Berg is unsubscribed from nothing\n"
    assert "none cannot be combined" in ada.fails("mail", "unsubscribe", "none", "all", code=2)


def test_a_dead_address_is_shown_and_cleared(ada: Cli, served: Served) -> None:
    assert ada.ok("mail", "bounces") == "No address has bounced.\n"
    with sqlite3.connect(served.data / "box.sqlite3") as db:
        db.execute(
            "INSERT INTO email_bounces VALUES ('ada', 'ada@example.org', NULL, 'smtp_550', ?, ?)",
            ("550: nobody here", "2024-10-23T08:00:00.000Z"),
        )
    assert "nobody here" in ada.ok("mail", "bounces")
    assert "nobody here" in ada.ok("mail", "status")
    assert ada.ok("mail", "unbounce") == "Mail to Ada Berg will be sent again\n"
    assert ada.ok("mail", "bounces") == "No address has bounced.\n"
