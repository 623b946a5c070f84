"""Ids are unique, sort by time, and show the random bits that they were given.

Those from outside may be nearly anything.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from buildos_box.ids import ALPHABET, Ids, RandomDigits, is_outside_id

NOW = datetime(2024, 10, 23, 8, 0, tzinfo=UTC)


def test_ids_sort_by_the_time_at_which_they_were_made() -> None:
    ids = Ids()
    made = [ids.new("job", NOW + timedelta(milliseconds=n)) for n in range(0, 5_000, 7)]
    assert made == sorted(made)


@pytest.mark.parametrize("later", [1, 31, 32, 1023, 1024, 10**9])
def test_an_id_sorts_before_one_that_is_made_later(later: int) -> None:
    full = Ids(lambda count: (1 << count) - 1).new("a", NOW)
    assert full < Ids(lambda _: 0).new("a", NOW + timedelta(milliseconds=later))


def test_an_id_is_its_prefix_the_time_and_the_bits_given() -> None:
    highest = Ids(lambda bits: (1 << bits) - 1).new("job", NOW)
    lowest = Ids(lambda bits: 0).new("job", NOW)
    assert highest[:14] == lowest[:14]
    assert (highest[14:], lowest[14:]) == ("z" * 13, "0" * 13)
    value = 0
    for digit in lowest[4:14]:
        value = value * 32 + ALPHABET.index(digit)
    assert datetime.fromtimestamp(value / 1000, UTC) == NOW


def test_a_secret_has_at_least_the_bits_that_are_wanted() -> None:
    asked: list[int] = []

    def bits(count: int) -> int:
        asked.append(count)
        return 0

    ids = Ids(bits)
    assert [len(ids.secret(wanted)) for wanted in (80, 81, 128)] == [16, 17, 26]
    assert asked == [80, 85, 130]
    assert len(Ids().secret()) == 26


def test_threads_never_get_the_same_random_digits() -> None:
    digits = RandomDigits()
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: [digits.next() for _ in range(500)], range(16)))
    assert len({one for some in made for one in some}) == 16 * 500


def test_each_place_of_the_random_digits_takes_every_digit() -> None:
    digits = RandomDigits()
    made = [digits.next() for _ in range(2_000)]
    assert {len(one) for one in made} == {13}
    assert [set(place) for place in zip(*made, strict=True)] == [set(ALPHABET)] * 13


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("a", True),
        ("Task-1:2.3_x", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        (".", False),
        ("..", False),
        ("...", True),
        (".a", True),
        ("a/b", False),
        ("a b", False),
        ("é", False),
        ("a\n", False),
    ],
)
def test_an_id_from_outside(text: str, may: bool) -> None:
    assert is_outside_id(text) is may
