"""How many segments a text is billed as: real texts, and the counts that Twilio gave."""

import pytest

from buildos_box.sms.text import fits, plain, segments, shorten

FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WALES_RAINBOW = "🏳\ufe0f\u200d🌈"

BILLED = [
    ("a" * 160, 1),  # TwilioDevEd/message-segment-calculator#66, 5a
    ("a" * 161, 2),  # 5b
    ("中" * 70, 1),  # 5c
    ("中" * 71, 2),  # 5d
    ("|", 1),  # 5e
    ("a" * 80 + "\r\n" + "a" * 79, 2),  # 1a
    ("a" * 80 + "\n" + "a" * 79, 1),  # 1b
    ("a" * 200 + "\r\n" + "a" * 105, 3),  # 1c
    ("é" * 70, 1),  # 2a
    ("e\u0301" * 70, 3),  # 2b
    # TwilioDevEd/message-segment-calculator#39: an extension character takes two places, and
    # these are never parted, so that of 153 places 152 are used.
    ("]" * 153, 3),
    ("]" * 152, 2),
    ("a" * 152 + "€" + "a" * 152, 3),
    # TwilioDevEd/message-segment-calculator#18, #57: in UCS-2 it takes one place.
    ("this is a " + "]" * 75 + "😘", 2),
    ("|" * 69 + "∞", 1),
    # instasent/sms-counter-php#15, acpmasquerade/sms-counter-php#7: 140 places, 66 a segment.
    ("😎" * 70, 3),
    ("😎" * 35, 1),
    ("😎" * 36, 2),
    # warthog618/sms#6: an emoji that would lie across the border of two segments.
    ("x" * 66 + "👋" + "x" * 66, 3),
    ("x" * 65 + "👋" + "x" * 66, 2),
    # A family is one character of eight places.
    ("x" * 60 + FAMILY + "x" * 66, 3),
    ("x" * 59 + FAMILY + "x" * 66, 2),
]


@pytest.mark.parametrize(("text", "count"), BILLED)
def test_a_text_is_billed_as_twilio_bills_it(text: str, count: int) -> None:
    assert segments(text) == count


def test_two_segments_are_not_enough_where_a_pair_would_be_parted() -> None:
    assert not fits("x" * 66 + "👋" + "x" * 66)
    assert fits("x" * 65 + "👋" + "x" * 67)


KEPT = [
    # lucasrodes/whatstk#171: without its joiner one emoji becomes two.
    ("Heal ❤\ufe0f\u200d🩹 soon", "Heal ❤\ufe0f\u200d🩹 soon"),
    (f"With {FAMILY}", f"With {FAMILY}"),
    # neonfuzz, zsviczian/excalibrain#226.
    ("🧑\u200d🍳 and 🐈\u200d⬛", "🧑\u200d🍳 and 🐈\u200d⬛"),
    (f"{ENGLAND} {WALES_RAINBOW}", f"{ENGLAND} {WALES_RAINBOW}"),
    ("🙂\u200d↔\ufe0f", "🙂\u200d↔\ufe0f"),
    ("👩🏽\u200d⚕\ufe0f", "👩🏽\u200d⚕\ufe0f"),
    # carpedm20/emoji#265: a joiner that joins nothing goes.
    ("👩\u200d", "👩"),
    ("a\u200db", "ab"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("tag\U000e0067", "tag"),
]


@pytest.mark.parametrize(("text", "shown"), KEPT)
def test_emoji_stay_whole_and_other_invisible_characters_go(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "emoji", ["😀", FAMILY, ENGLAND, "🇩🇪", "👩🏽\u200d⚕\ufe0f", "e\u0301\u0323"]
)
def test_a_cut_never_leaves_a_part_of_an_emoji(emoji: str) -> None:
    text = shorten(emoji * 99, "BuildOS: {} at 14:00")
    kept = text.removeprefix("BuildOS: ").removesuffix("... at 14:00")
    assert kept
    assert kept.replace(emoji, "") == ""
    assert fits(text)
