"""The lists of fields in docs/api.md are those of the answers."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.briefs.routes import BriefQueued, BriefView
from buildos_box.job_views import JobView
from buildos_box.mail.routes import MailView
from buildos_box.notifications.views import DeliveryView, NotificationView
from buildos_box.sms.views import SmsList, SmsView
from buildos_box.webhooks.routes import WebhookView
from buildos_box.workspace.views import PreferencesView

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"
VIEWS: tuple[Any, ...] = (
    BriefQueued,
    JobView,
    BriefView,
    SmsList,
    SmsView,
    MailView,
    NotificationView,
    DeliveryView,
    WebhookView,
    PreferencesView,
)


def shown() -> dict[str, list[str]]:
    """By view, the names that the page lists."""
    blocks = re.findall(r"<!-- fields: (\w+) -->\n(.*?)\n\n", PAGE.read_text("utf-8"), re.S)
    return {name: re.findall(r"`(\w+)`", text) for name, text in blocks}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_the_fields_of_an_answer_are_listed(view: Any) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(view)]
    assert shown()[view.__name__] == names


def test_every_list_is_checked() -> None:
    assert list(shown()) == [view.__name__ for view in VIEWS]
