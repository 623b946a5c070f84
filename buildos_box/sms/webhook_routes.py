"""Twilio's webhooks: signed, repeated and in any order (docs/spec.md#twilio-signature)."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, post

from buildos_box.auth.guard import PUBLIC
from buildos_box.db import Row, Tx
from buildos_box.errors import Forbidden
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.delivery_status import apply_status
from buildos_box.sms.schedule_job import set_opt_out

AnyRequest = Request[Any, Any, Any]
OUT = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
IN = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})


async def _signed(request: AnyRequest, services: Services) -> dict[str, str]:
    """The form, after its signature was checked, which comes before any read. Raises Forbidden."""
    from twilio.request_validator import RequestValidator

    token = services.settings.sms.auth_token
    signature = request.headers.get("x-twilio-signature", "")
    body = await request.body()
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        form = {}
    query = request.scope["query_string"].decode("latin-1")
    url = f"{services.settings.server.public_url}{request.url.path}" + (
        f"?{query}" if query else ""
    )
    if (
        token is None
        or not token.reveal()
        or not RequestValidator(token.reveal()).validate(url, form, signature)
    ):
        raise Forbidden("the request is not signed by Twilio", code="bad_signature")
    return form


@post("/webhooks/twilio/status", status_code=204, opt=PUBLIC, tags=["SMS"])
async def twilio_status(request: AnyRequest, services: Services) -> None:
    """Store a message's state, which only moves forward. Raises Forbidden without a signature."""
    form = await _signed(request, services)
    sid, said = form.get("MessageSid", ""), form.get("MessageStatus", "").lower()
    code = form.get("ErrorCode", "")
    error = int(code) if code.isascii() and code.isdigit() and len(code) <= 9 else None
    named = request.query_params.get("sms", "")
    await services.db.write(lambda tx: _record(tx, services, sid, named, said, error))


def _record(tx: Tx, services: Services, sid: str, named: str, said: str, error: int | None) -> None:
    row = store.find_by_sid(tx, sid) or _not_yet_named(tx, named)
    if row is None or not sid:
        return
    forward = apply_status(tx, services, row, said, error, sid)
    store.record_callback(tx, row["id"], said[:40], error, forward, services.clock.now())


def _not_yet_named(tx: Tx, sms_id: str) -> Row | None:
    """The message of a callback that came before Twilio's id was stored."""
    row = store.find(tx, sms_id) if sms_id else None
    return row if row is not None and row["twilio_sid"] is None else None


@post("/webhooks/twilio/inbound", status_code=200, opt=PUBLIC, tags=["SMS"])
async def twilio_inbound(request: AnyRequest, services: Services) -> Response[str]:
    """Store an inbound keyword; Twilio answers the sender. Raises Forbidden without a signature."""
    form = await _signed(request, services)
    words = form.get("Body", "").upper().split()
    word = form.get("OptOutType", "").upper() or (words[0].strip(".!") if len(words) == 1 else "")
    word = word if word in OUT | IN | HELP else "OTHER"
    sid, number = form.get("MessageSid", ""), form.get("From", "")
    await services.db.write(lambda tx: _heard(tx, services, sid, number, word))
    return Response("<Response/>", media_type="text/xml")


def _heard(tx: Tx, services: Services, sid: str, number: str, word: str) -> None:
    now = services.clock.now()
    user_id = preferences_store.user_of_number(tx, number)
    if not sid or not store.record_inbound(tx, sid, user_id, word, now):
        return
    if word in OUT | IN:
        set_opt_out(tx, services, number, out=word in OUT)


ROUTES = [twilio_status, twilio_inbound]
