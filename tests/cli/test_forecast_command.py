"""`buildos-box forecast` against a served box."""

from tests.cli.served import Cli


def test_it_tells_what_will_come_and_why_not(ada: Cli) -> None:
    ada.client().sync(
        {"preferences": [{"userId": "ada", "timeOfDay": "07:30", "emailDailyBrief": True}]}
    )
    found = ada.json("forecast", "--user", "ada", "--days", "3")
    assert [one["kind"] for one in found["deliveries"]] == ["brief"] * 3
    table = ada.ok("forecast", "--user", "ada", "--days", "3")
    assert "Europe/Berlin" in table
    assert table.count("07:30") == 3
    ada.client().sync({"preferences": [{"userId": "ada", "emailDailyBrief": False}]})
    assert ada.ok("forecast", "--days", "1").count("skipped: unsubscribed") == 1


def test_an_unknown_user_is_named(ada: Cli) -> None:
    assert "nobody" in ada.fails("forecast", "--user", "nobody", code=1)
