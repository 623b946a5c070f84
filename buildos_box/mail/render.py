"""Renders a mail's row to bytes; the same row gives the same bytes.

The rules: docs/spec.md#mail-format.
"""

import hashlib
import re
from dataclasses import dataclass
from email.message import EmailMessage
from functools import lru_cache
from html import escape
from importlib import resources
from string import Template

from buildos_box.mail import links
from buildos_box.mail.headers import POLICY, mailbox, new_message
from buildos_box.mail.html import closed, links_in, rewrite_links, to_html
from buildos_box.mail.plain import to_text
from buildos_box.mail.store import Email

MOST_HTML_BYTES = 100_000
"""Gmail clips HTML at 102 KB, and with it the unsubscribe link."""

CUT_NOTE = "<p><em>The brief was longer than fits a mail; the rest is in BuildOS.</em></p>"
LINK_WITHHELD = "by the link in the mail itself"
_BLOCK_END = re.compile(r"</(?:p|li|ul|ol|tr|table|h[1-6]|pre|blockquote)>")


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a mail, and the base of its links."""

    name: str
    address: str
    base_url: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """The message, its recipient, and the links that clicks may lead to."""

    message: bytes
    recipient: str
    links: tuple[str, ...]


def render(email: Email, sender: Sender) -> Rendered:
    """The multipart message: text first, HTML last (RFC 2046, 5.1.4).

    Raises PermanentError for an address that mail cannot be sent to.
    """
    unsubscribe = _unsubscribe_url(email, sender)
    body, text, html = _fitting(email, sender, unsubscribe)
    message = new_message(
        sender_name=sender.name,
        sender_address=sender.address,
        recipient=email.address,
        subject=email.subject,
        date=email.send_at,
        message_id=email.message_id,
        unsubscribe=unsubscribe,
    )
    message["MIME-Version"] = "1.0"
    # Made at once, because each later addition would move and parse the headers again.
    message.make_alternative(boundary=_boundary(email.id))
    for said, subtype in ((_with_footer(text, unsubscribe), "plain"), (html, "html")):
        message.attach(_part(said, subtype))
    tracked = tuple(links_in(body)) if email.tracking else ()
    return Rendered(message.as_bytes(), str(mailbox(email.address)), tracked)


def _part(text: str, subtype: str) -> EmailMessage:
    """Quoted-printable keeps every line under the 998 characters of RFC 5322, 2.1.1."""
    part = EmailMessage(policy=POLICY)
    part.set_content(text, subtype=subtype, cte="quoted-printable")
    del part["MIME-Version"]  # the whole message has it
    return part


def text_part(email: Email, sender: Sender) -> str:
    """What the mail says in plain text, without its unsubscribe link.

    Whoever has the link can use it, and whoever may read a mail here may not all do that.
    """
    _, text, _ = _fitting(email, sender, _unsubscribe_url(email, sender))
    return _with_footer(text, LINK_WITHHELD)


def _unsubscribe_url(email: Email, sender: Sender) -> str:
    token = links.unsubscribe_token(sender.secret, email.id)
    return links.unsubscribe_url(sender.base_url, token)


def _with_footer(text: str, unsubscribe: str) -> str:
    return f"{text}\n-- \nUnsubscribe: {unsubscribe}\n"


def _fitting(email: Email, sender: Sender, unsubscribe: str) -> tuple[str, str, str]:
    """The part of the brief that fits into a mail: its HTML, its text, and the page."""
    whole = to_html(email.body_markdown)
    limit = len(whole.encode())
    while True:
        body = _shortened(whole, limit)
        text = to_text(body)
        html = _page(body, text, email, sender, unsubscribe)
        # Every line end becomes two bytes in SMTP.
        excess = len(html.encode()) + html.count("\n") - MOST_HTML_BYTES
        if excess <= 0 or body == CUT_NOTE:
            return body, text, html
        limit = min(limit, len(body.encode())) - excess


def _page(body: str, text: str, email: Email, sender: Sender, unsubscribe: str) -> str:
    preheader, pixel = _preheader(text), ""
    if email.tracking:
        body = rewrite_links(
            body, lambda url: links.click_url(sender.base_url, email.tracking_id, url)
        )
        source = escape(links.open_url(sender.base_url, email.tracking_id))
        pixel = f'<img src="{source}" width="1" height="1" alt="" style="display:block;">'
    return _template().substitute(
        subject=escape(email.subject),
        preheader=escape(preheader),
        body=body,
        unsubscribe=escape(unsubscribe),
        pixel=pixel,
    )


def _boundary(email_id: str) -> str:
    """A boundary that is not random, so that a repeated send has the same bytes."""
    return f"=_{hashlib.sha256(email_id.encode()).hexdigest()[:40]}"


def _preheader(text: str) -> str:
    """The preview line of mail programs: the first line that is not a heading."""
    lines = [line.strip() for line in text.splitlines()[1:]]
    said = [line for line in lines if line and line.strip("=-")]
    return said[0][:140] if said else ""


def _shortened(html: str, limit: int) -> str:
    """The HTML in at most `limit` bytes, cut after a block, with a note."""
    if len(html.encode()) <= limit:
        return html
    kept = html.encode()[: max(0, limit - len(CUT_NOTE))].decode("utf-8", "ignore")
    end = max((match.end() for match in _BLOCK_END.finditer(kept)), default=0)
    return closed(kept[:end]) + CUT_NOTE if end > 0 else CUT_NOTE


@lru_cache(maxsize=1)
def _template() -> Template:
    source = resources.files("buildos_box.mail").joinpath("template.html")
    return Template(source.read_text("utf-8"))


def message_id(email_id: str, from_address: str) -> str:
    """The Message-ID, derived from the mail's id (RFC 5322, 3.6.4), the same for every attempt."""
    return f"<{email_id}@{mailbox(from_address).domain}>"
