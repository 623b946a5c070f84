from collections.abc import Iterator

import pytest

from tests.calendars.caldav.servers import PASSWORD, USER, Radicale
from tests.cli.served import Cli, Served, served_box

LOOPBACK = '[egress]\nallow_private = ["127.0.0.1/32"]\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_box(tmp_path_factory.mktemp("box"), LOOPBACK) as box:
        yield box


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with Radicale(tmp_path_factory.mktemp("radicale")) as found:
        found.make("Work", "VEVENT")
        found.make("Birthdays", "VEVENT")
        found.make("Chores", "VTODO")
        yield found


def add(ada: Cli, server: Radicale, *more: str, password: str = PASSWORD) -> str:
    words = ("account", "add", "caldav", server.url, "--login", USER, "--password-file", "-")
    return ada.ok(*words, *more, stdin=f"{password}\n")


@pytest.fixture(autouse=True)
def _no_accounts(ada: Cli) -> Iterator[None]:
    yield
    for found in ada.json("account", "list"):
        ada.ok("account", "remove", found["id"], "--yes")


def test_an_account_is_added_shown_chosen_of_and_removed(ada: Cli, server: Radicale) -> None:
    said = add(ada, server, "--name", "Home", "--only", "Work")
    assert said.startswith("Added “Home” (account-")
    assert PASSWORD not in said
    (found,) = ada.json("account", "list")
    reads = {c["name"]: c["readsEvents"] for c in found["collections"]}
    assert reads == {"Work": True, "Birthdays": False, "Chores": False}
    ada.ok("account", "choose", "Home", "Birthdays", "--events")
    shown = ada.ok("account", "show", "home")
    assert "signed in as" in shown
    assert PASSWORD not in shown
    ada.ok("project", "add", "House")
    listed = ada.ok("account", "choose", "Home", "Chores", "--project", "House")
    assert "with project “House”" in listed
    assert "with project “House”" in ada.ok("account", "show", "home")
    listed = ada.ok("account", "choose", "Home", "Chores", "--project", "")
    assert "with project" not in listed
    assert "Syncing “Home” (job-" in ada.ok("account", "sync", "Home")
    assert "Paused “Home”" in ada.ok("account", "pause", "Home")
    assert "paused" in ada.ok("account", "list")
    assert "Resumed “Home”" in ada.ok("account", "resume", "Home")
    renewed = ada.ok("account", "password", "Home", "--password-file", "-", stdin=f"{PASSWORD}\n")
    assert renewed == "“Home” has the new password\n"
    assert "Removed “Home”" in ada.ok("account", "remove", "Home", "--yes")
    assert ada.ok("account", "list") == "No account.\n"


def test_a_refused_password_is_told_and_not_shown(ada: Cli, server: Radicale) -> None:
    words = ("account", "add", "caldav", server.url, "--login", USER, "--password-file", "-")
    ran = ada.run(*words, stdin="wrong-pass\n")
    assert ran.exit_code == 1
    assert "refuses that user name and password" in ran.stderr
    assert "wrong-pass" not in ran.stderr + ran.stdout


def test_an_account_leads_nowhere_into_the_house(ada: Cli) -> None:
    words = ("account", "add", "caldav", "http://127.0.0.2/dav/", "--login", USER)
    ran = ada.run(*words, "--password-file", "-", stdin="x\n")
    assert ran.exit_code == 1
    assert ran.stderr.startswith("url: ")
