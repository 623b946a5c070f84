"""A webhook's signature is checked before any read (docs/spec.md#signature-first)."""

import pytest
from twilio.request_validator import RequestValidator

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, states
from tests.sms.test_webhooks import sent, tell
from tests.world import BoxWorld


async def test_nothing_is_read_or_written_before_the_signature(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    path, sid = await sent(box, twilio)
    form = {"MessageSid": sid, "MessageStatus": "delivered"}
    assert (await tell(box, path, key="wrong", **form)).status_code == 403
    assert await states(box) == [("sent", None)]
    # With its database gone the box still tells a forger no more than that.
    await box.box.services.db.close()
    assert (await tell(box, path, key="wrong", **form)).status_code == 403
    assert (await tell(box, "inbound", key="wrong", Body="STOP")).status_code == 403
    assert (await tell(box, path, **form)).status_code >= 500


@pytest.mark.parametrize("path", ["status", "inbound"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "AAAA"}, {"Authorization": "Bearer x"}],
)
async def test_what_bears_no_signature_is_refused(
    box: BoxWorld, path: str, headers: dict[str, str]
) -> None:
    form = {"MessageSid": "SM1", "From": NUMBER, "Body": "STOP"}
    answer = await box.api.post(f"/webhooks/twilio/{path}", data=form, headers=headers)
    assert answer.status_code == 403
    assert await box.db.all("SELECT * FROM sms_opt_outs") == []


async def test_a_signature_of_another_address_or_form_is_none(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    path, sid = await sent(box, twilio)
    form = {"MessageSid": sid, "MessageStatus": "failed"}
    for url, signed in (
        (f"http://box.example/webhooks/twilio/{path}", form),
        ("https://box.example/webhooks/twilio/status", form),
        (f"https://box.example/webhooks/twilio/{path}", form | {"MessageStatus": "sent"}),
    ):
        headers = {"X-Twilio-Signature": RequestValidator("token").compute_signature(url, signed)}
        answer = await box.api.post(f"/webhooks/twilio/{path}", data=form, headers=headers)
        assert answer.status_code == 403
    assert await states(box) == [("sent", None)]
