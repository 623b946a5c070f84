"""What the box has mailed to somebody, as the links in it lead on."""

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import TYPE_CHECKING

from tests.faults.box_process import until
from tests.web.browser import SECONDS

if TYPE_CHECKING:
    from tests.web.conftest import Home


def sign_in_link(home: "Home") -> str:
    """The fragment of the newest sign-in link in the outbox."""
    outbox = home.process.data / "outbox"
    assert until(lambda: any(outbox.glob("link-*.eml")), seconds=SECONDS)
    newest = max(outbox.glob("link-*.eml"), key=lambda file: file.stat().st_mtime_ns)
    mail = BytesParser(policy=policy.default).parsebytes(newest.read_bytes())
    found = re.search(r"#sign-in=[0-9a-z]+", mail.get_content())
    assert found is not None
    newest.unlink()
    return found[0]


def brief_mail(home: "Home", user: str) -> str:
    """The text of that person's brief, which is written now."""
    home.post("/queue/brief", {"userId": user, "forceImmediate": True})
    found: list[str] = []

    def arrived() -> bool:
        for file in (home.process.data / "outbox").glob("email-*.eml"):
            mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
            assert isinstance(mail, EmailMessage)
            body = mail.get_body(("plain",))
            if f"{user}@" in str(mail["To"]) and body is not None:
                found.append(body.get_content())
        return bool(found)

    assert until(arrived, seconds=SECONDS)
    return found[0]


def link_of(text: str, kind: str) -> str:
    """The first signed link of that kind (`brief`, `done`) in a mail's text."""
    found = re.search(rf"https?://\S+/tap/{kind}/[^\s)>]+", text)
    assert found is not None, text
    return found[0]
