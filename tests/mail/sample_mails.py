"""Mails of which a test says only what matters to it."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Any

from buildos_box.clock import from_text
from buildos_box.mail.render import Sender, render
from buildos_box.mail.store import QUEUED, Email
from buildos_box.page_links import PageLinks

SENDER = Sender("BuildOS", "briefs@box.example", PageLinks("https://box.example"), b"k" * 32)


def letter(markdown: str = "# Your brief\n\nA calm day.", **changed: Any) -> Email:
    at = from_text("2024-10-23T09:00:00Z")
    values: dict[str, Any] = {
        "id": "email-1",
        "user_id": "ada",
        "subject": "Your brief",
        "body_markdown": markdown,
        "message_id": "<email-1@box.example>",
        "tracking": False,
        "status": QUEUED,
        "brief_id": "brief-1",
        "address": "ada@example.org",
        "tracking_id": "t" * 22,
        "created_at": at,
        "send_at": at,
        "correlation_id": "corr-1",
    }
    return Email(**(values | changed))


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(raw)


def message(markdown: str = "# Your brief\n\nA calm day.", **changed: Any) -> EmailMessage:
    return parsed(render(letter(markdown, **changed), SENDER).message)


def part(mail: EmailMessage, kind: str) -> str:
    """The `html` or `plain` part, decoded, its lines ended as in a file."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Tags(HTMLParser):
    """Every tag of a page with its attributes, as a reader's program sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]
