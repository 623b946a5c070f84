"""A mail's row → the bytes that are sent: the same row gives the same bytes (spec 6)."""

import hashlib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from importlib import resources
from string import Template

from buildos_box.mail import links
from buildos_box.mail.html import closed, links_in, rewrite_links, to_html, to_text
from buildos_box.mail.store import Email

MOST_HTML_BYTES = 100_000
"""Gmail clips a mail's HTML at 102 KB, and the unsubscribe link with it."""

CUT_NOTE = "<p><em>The brief was longer than fits a mail; the rest is in BuildOS.</em></p>"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the box writes as, and where its links lead."""

    name: str
    address: str
    base_url: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """The message, and the links that a click may lead to."""

    message: bytes
    links: tuple[str, ...]
    text: str


def render(email: Email, sender: Sender) -> Rendered:
    """The multipart message: text first, HTML last (RFC 2046, 5.1.4)."""
    unsubscribe = links.unsubscribe_url(
        sender.base_url, links.unsubscribe_token(sender.secret, email.id)
    )
    body = _shortened(to_html(email.body_markdown))
    text = f"{to_text(body)}\n-- \nUnsubscribe: {unsubscribe}\n"
    tracked: tuple[str, ...] = ()
    pixel = ""
    if email.tracking:
        tracked = tuple(links_in(body))
        body = rewrite_links(
            body, lambda url: links.click_url(sender.base_url, email.tracking_id, url)
        )
        source = escape(links.open_url(sender.base_url, email.tracking_id))
        pixel = f'<img src="{source}" width="1" height="1" alt="" style="display:block;">'
    html = _template().substitute(
        subject=escape(email.subject),
        preheader=escape(_preheader(text)),
        body=body,
        unsubscribe=escape(unsubscribe),
        pixel=pixel,
    )
    message = _message(email, sender, unsubscribe)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(_boundary(email.id))
    return Rendered(message.as_bytes(), tracked, text)


def _message(email: Email, sender: Sender, unsubscribe: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=email.address)
    message["Subject"] = " ".join(email.subject.split())
    message["Date"] = format_datetime(email.send_at)
    message["Message-ID"] = email.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _boundary(email_id: str) -> str:
    """A boundary that is not random, so that a repeated send is the same bytes."""
    return f"=_{hashlib.sha256(email_id.encode()).hexdigest()[:40]}"


def _preheader(text: str) -> str:
    """The line that mail programs show beside the subject: the first that is no heading."""
    lines = [line.strip() for line in text.splitlines()[1:]]
    said = [line for line in lines if line and line.strip("=-")]
    return said[0][:140] if said else ""


def _shortened(html: str) -> str:
    """At most 100 KB of HTML, cut between blocks and saying so."""
    if len(html.encode()) <= MOST_HTML_BYTES:
        return html
    kept = html.encode()[: MOST_HTML_BYTES - len(CUT_NOTE)].decode("utf-8", "ignore")
    for block in ("</ul>", "</p>", "</ol>", "</table>"):
        end = kept.rfind(block)
        if end > 0:
            return closed(kept[: end + len(block)]) + CUT_NOTE
    return CUT_NOTE


@lru_cache(maxsize=1)
def _template() -> Template:
    source = resources.files("buildos_box.mail").joinpath("template.html")
    return Template(source.read_text("utf-8"))


def message_id(email_id: str, from_address: str) -> str:
    """Stable, from the email's id (RFC 5322, 3.6.4): every try to send it has the same."""
    domain = from_address.rpartition("@")[2] or "localhost"
    return f"<{email_id}@{domain}>"
