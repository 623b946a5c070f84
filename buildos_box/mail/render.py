"""Renders a mail's row to bytes; the same row gives the same bytes.

The rules: docs/spec.md#mail-format.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from importlib import resources
from string import Template

from buildos_box.locales.language import stored_language
from buildos_box.locales.messages import N_
from buildos_box.mail import mail_urls, signed_links
from buildos_box.mail.html import closed, links_in, rewrite_links, to_html
from buildos_box.mail.mailbox import mailbox
from buildos_box.mail.plain_text import to_text
from buildos_box.mail.signed_links import SignedLink
from buildos_box.mail.store import Email
from buildos_box.page_links import SETTINGS, PageLinks

MOST_HTML_BYTES = 100_000
"""Gmail clips HTML at 102 KB, and with it the unsubscribe link."""

CUT_NOTE = N_("The brief was longer than fits a mail; the rest is in BuildOS.")
OPEN_LABEL = N_("Open the brief")
SETTINGS_LABEL = N_("Settings")
UNSUBSCRIBE_LABEL = N_("Unsubscribe")
DONE_LABEL = N_("Done")
WHY_BRIEF = N_("You get this because daily briefs by mail are on.")
WHY_NOTIFICATION = N_("You get this because notifications by mail are on.")
LINK_WITHHELD = "by the link in the mail itself"
_BLOCK_END = re.compile(r"</(?:p|li|ul|ol|tr|table|h[1-6]|pre|blockquote)>")


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a mail, and where its links lead."""

    name: str
    address: str
    links: PageLinks
    secret: bytes

    @property
    def base_url(self) -> str:
        """The address of this server."""
        return self.links.base_url


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
    # They need most of Python's `email`, which is loaded with the first mail.
    from buildos_box.mail.headers import new_message
    from buildos_box.mail.mime import alternatives

    unsubscribe = _unsubscribe_url(email, sender)
    body, text, html = _fitting(email, sender, unsubscribe)
    footer = footer_links(email, sender, unsubscribe)
    message = new_message(
        sender_name=sender.name,
        sender_address=sender.address,
        recipient=email.address,
        subject=email.subject,
        date=email.send_at,
        message_id=email.message_id,
        unsubscribe=unsubscribe,
    )
    parts = ((_with_footer(text, footer), "plain"), (html, "html"))
    tracked = [url for url in links_in(body) if not signed_links.is_signed(sender.base_url, url)]
    recipient = str(mailbox(email.address))
    whole = alternatives(message, _boundary(email.id), parts)
    return Rendered(whole, recipient, tuple(tracked) if email.tracking else ())


def text_part(email: Email, sender: Sender) -> str:
    """What the mail says in plain text, without the links that act without signing in.

    Whoever has such a link can use it, and whoever may read a mail here may not all do that.
    """
    shown = replace(email, task_lines=(), brief_date=None)
    _, text, _ = _fitting(shown, sender, LINK_WITHHELD)
    return _with_footer(text, footer_links(shown, sender, LINK_WITHHELD))


def _unsubscribe_url(email: Email, sender: Sender) -> str:
    token = mail_urls.unsubscribe_token(sender.secret, email.id)
    return mail_urls.unsubscribe_url(sender.base_url, token)


def footer_links(email: Email, sender: Sender, unsubscribe: str) -> list[tuple[str, str]]:
    """Label and address of the links below a mail's text."""
    say = stored_language(email.locale).say
    links = [
        (say(SETTINGS_LABEL), sender.links.page(SETTINGS)),
        (say(UNSUBSCRIBE_LABEL), unsubscribe),
    ]
    if email.brief_date is None:
        return links
    address = sender.links.brief(email.brief_date)
    if not sender.links.brief_url:
        token = _token(email, sender, signed_links.BRIEF, email.brief_date)
        address = signed_links.brief_url(sender.base_url, token)
    return [(say(OPEN_LABEL), address), *links]


def _with_footer(text: str, footer: list[tuple[str, str]]) -> str:
    lines = "".join(f"{label}: {address}\n" for label, address in footer)
    return f"{text}\n-- \n{lines}"


def _token(email: Email, sender: Sender, kind: str, about: str) -> str:
    """A signed link of this mail; the same each time the mail is rendered."""
    expires = email.send_at + signed_links.GOOD_FOR
    link = SignedLink.until(expires, kind, email.user_id, about)
    return signed_links.token_of(sender.secret, link)


def _body_of(email: Email, sender: Sender) -> str:
    """The mail's Markdown with a link beside each task, by which it is marked as done."""

    def url(task_id: str) -> str:
        token = _token(email, sender, signed_links.DONE, task_id)
        return signed_links.done_url(sender.base_url, token)

    urls = [(one.line, url(one.task_id)) for one in email.task_lines]
    label = stored_language(email.locale).say(DONE_LABEL)
    return with_done_links(email.body_markdown, urls, label)


def with_done_links(markdown: str, urls: Iterable[tuple[int, str]], label: str) -> str:
    """Markdown with a link to mark a task as done at the end of each of those lines."""
    lines = markdown.split("\n")
    for line, url in urls:
        if line < len(lines):
            lines[line] += f" · [{label}]({url})"
    return "\n".join(lines)


def _fitting(email: Email, sender: Sender, unsubscribe: str) -> tuple[str, str, str]:
    """The part of the brief that fits into a mail: its HTML, its text, and the page."""
    whole = to_html(_body_of(email, sender))
    limit, note = len(whole.encode()), _cut_note(email)
    while True:
        body = _shortened(whole, limit, note)
        text = to_text(body)
        html = _page(body, text, email, sender, unsubscribe)
        # Every line end becomes two bytes in SMTP.
        excess = len(html.encode()) + html.count("\n") - MOST_HTML_BYTES
        if excess <= 0 or body == note:
            return body, text, html
        limit = min(limit, len(body.encode())) - excess


def _page(body: str, text: str, email: Email, sender: Sender, unsubscribe: str) -> str:
    preheader, pixel = email.preheader or _first_line(text), ""
    language = stored_language(email.locale)
    if email.tracking:
        body = rewrite_links(body, lambda url: _tracked(url, email, sender))
        source = escape(mail_urls.open_url(sender.base_url, email.tracking_id))
        pixel = f'<img src="{source}" width="1" height="1" alt="" style="display:block;">'
    return _template().substitute(
        subject=escape(email.subject),
        preheader=escape(preheader),
        body=body,
        language=language.tag,
        direction=language.direction,
        reason=escape(language.say(WHY_BRIEF if email.brief_id else WHY_NOTIFICATION)),
        footer=" · ".join(
            f'<a href="{escape(address)}" style="color:#2557c7;">{escape(label)}</a>'
            for label, address in footer_links(email, sender, unsubscribe)
        ),
        pixel=pixel,
    )


def _tracked(url: str, email: Email, sender: Sender) -> str:
    if signed_links.is_signed(sender.base_url, url):
        return url
    return mail_urls.click_url(sender.base_url, email.tracking_id, url)


def _boundary(email_id: str) -> str:
    """A boundary that is not random, so that a repeated send has the same bytes."""
    return f"=_{hashlib.sha256(email_id.encode()).hexdigest()[:40]}"


def _first_line(text: str) -> str:
    """The first line of the text that is not a heading."""
    lines = [line.strip() for line in text.splitlines()[1:]]
    said = [line for line in lines if line and line.strip("=-")]
    return said[0][:140] if said else ""


def _cut_note(email: Email) -> str:
    said = stored_language(email.locale).say(CUT_NOTE)
    return f"<p><em>{escape(said, quote=False)}</em></p>"


def _shortened(html: str, limit: int, note: str) -> str:
    """The HTML in at most `limit` bytes, cut after a block, with a note."""
    if len(html.encode()) <= limit:
        return html
    kept = html.encode()[: max(0, limit - len(note.encode()))].decode("utf-8", "ignore")
    end = max((match.end() for match in _BLOCK_END.finditer(kept)), default=0)
    return closed(kept[:end]) + note if end > 0 else note


@lru_cache(maxsize=1)
def _template() -> Template:
    source = resources.files("buildos_box.mail").joinpath("template.html")
    return Template(source.read_text("utf-8"))


def message_id(email_id: str, from_address: str) -> str:
    """The Message-ID, derived from the mail's id (RFC 5322, 3.6.4), the same for every attempt.

    Raises UnusableAddress if the sender's address cannot be used.
    """
    return f"<{email_id}@{mailbox(from_address).domain}>"
