from tests.cli.served import Cli


def test_a_feed_is_refused_where_it_leads_into_the_house(ada: Cli) -> None:
    told = ada.fails("feed", "add", "http://127.0.0.1/secret.ics", code=1)
    assert told.startswith("url: ")
    assert "secret" not in told
    assert ada.ok("feed", "list") == "No calendar feed.\n"


def test_a_feed_is_added_from_standard_input_listed_paused_and_removed(ada: Cli) -> None:
    made = ada.ok("feed", "add", "-", "--name", "Work", stdin="webcal://93.184.216.34/s3cret.ics\n")
    assert "https://93.184.216.34/…" in made
    (found,) = ada.json("feed", "list")
    assert found["name"] == "Work"
    assert "s3cret" not in ada.ok("feed", "list") + ada.ok("feed", "show", "work")
    assert ada.ok("feed", "pause", "work") == "Paused “Work”\n"
    assert ada.json("feed", "show", "work")["status"] == "paused"
    assert "paused" in ada.fails("feed", "sync", "work", code=1)
    assert ada.ok("feed", "remove", "work", "--yes") == "Gave up “Work”\n"
    assert ada.ok("feed", "list") == "No calendar feed.\n"
