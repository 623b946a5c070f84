"""What the users' page says of a refusal in other languages is of those that there are."""

import re
from pathlib import Path

from buildos_box import errors

REFUSALS = Path(__file__).parents[2] / "static/app/refusals.js"
NOT_OF_A_PAGE = {415, 500}
"""A page sends what routes take, and says of a crash what it answers."""


def test_every_kind_of_refusal_has_words_and_no_other() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    statuses = {one.status for one in kinds if issubclass(one, errors.BoxError)}
    worded = {int(found) for found in re.findall(r"^  (\d{3}): ", REFUSALS.read_text(), re.M)}
    assert worded == statuses - NOT_OF_A_PAGE
