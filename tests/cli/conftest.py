from typing import Any

import pytest

from tests.cli.served import Cli, Served, served_box


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One box a module, really served by the real command on a port of its own."""
    with served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture(scope="module")
def cli(served: Served) -> Cli:
    return Cli(served.url, served.token)


@pytest.fixture(scope="module")
def ada(cli: Cli) -> Cli:
    """The command line of a box in which Ada has the one project Home."""
    cli.ok("user", "add", "Ada Berg", "--id", "ada", "--email", "ada@example.org",
           "--timezone", "Europe/Berlin")  # fmt: skip
    cli.ok("project", "add", "Home", "--id", "home", "--user", "ada")
    return Cli(cli.url, cli.token, {"BUILDOS_BOX_USER": "ada"})


@pytest.fixture
def person(cli: Cli) -> Cli:
    """The command line of a user that only this test knows, with the one project Home."""
    made = cli.json("user", "add", "Cleo", "--timezone", "Europe/Berlin")["id"]
    cli.ok("project", "add", "Home", "--user", made)
    return Cli(cli.url, cli.token, {"BUILDOS_BOX_USER": made})
