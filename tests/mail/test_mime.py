"""The bytes of a mail are those that Python's own package would write."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.clock import from_text
from buildos_box.mail.headers import POLICY, new_message
from buildos_box.mail.mime import alternatives
from buildos_box.mail.render import _boundary

BOUNDARY = _boundary("email-1")
AT = from_text("2024-10-23T09:00:00Z")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.text(
    " ab=\t\r\n.ü", max_size=400
)


def by_the_package(headers: EmailMessage, parts: list[tuple[str, str]]) -> bytes:
    headers["MIME-Version"] = "1.0"
    headers.make_alternative(boundary=BOUNDARY)
    for text, subtype in parts:
        part = EmailMessage(policy=POLICY)
        part.set_content(text, subtype=subtype, cte="quoted-printable")
        del part["MIME-Version"]
        headers.attach(part)
    return headers.as_bytes()


def headers(subject: str = "Hello", recipient: str = "ada@example.org") -> EmailMessage:
    return new_message(
        sender_name="BuildOS",
        sender_address="briefs@box.example",
        recipient=recipient,
        subject=subject,
        date=AT,
        message_id="<email-1@box.example>",
        unsubscribe="https://box.example/u/1",
    )


@settings(max_examples=300, deadline=None)
@given(texts, texts)
def test_any_texts_are_written_alike(text: str, html: str) -> None:
    parts = [(text, "plain"), (html, "html")]
    assert alternatives(headers(), BOUNDARY, parts) == by_the_package(headers(), parts)


@pytest.mark.parametrize("subject", ["Pay the rent", "=?utf-8?q?x?=", "a =? b", "x" * 70, "Käse"])
def test_a_short_plain_header_is_written_as_it_would_be_folded(subject: str) -> None:
    plain = EmailMessage(policy=SMTP)
    plain["Subject"] = subject
    plain["To"] = "ada.b+c@example.org"
    written = headers(subject, "ada.b+c@example.org").as_bytes()
    for line in plain.as_bytes().rstrip(b"\r\n").split(b"\r\n"):
        assert line in written.split(b"\r\n")
