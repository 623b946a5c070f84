"""People's requests, through the functions behind the routes."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from buildos_box.api.job_routes import cancel_job, list_user_jobs
from buildos_box.api.queue_control_routes import PauseRequest, pause, resume
from buildos_box.app import Box
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs.queueing import BriefRequest, queue_brief
from buildos_box.forecast.routes import get_forecast
from buildos_box.notifications.routes import put_preferences
from buildos_box.sms.message_routes import cancel_message, list_messages
from buildos_box.sms.preferences import SmsSettingsRequest
from buildos_box.sms.routes import SmsRequest, post_schedule, queue_sms
from buildos_box.sms.webhook_routes import twilio_inbound, twilio_status
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write
from tests.simulation.process_run import PUBLIC_URL, TWILIO_TOKEN

SERVICE = Caller("service", "t", "frontend")
CALLERS: dict[str, Any] = {"pause": {"caller": SERVICE}, "resume": {}}


async def knock(box: Box, do: str, who: str, body: Any, number: int = 0) -> Any:
    """Do what is asked; returns the answer. Raises the box's own errors.

    The same `number` is the same request again, and says so by its Idempotency-Key.
    """
    services = box.services
    idempotent = IdempotentRequest(SERVICE, f"asked-{number}", str(number))
    asked: Any
    match do:
        case "sync":
            return msgspec.to_builtins(
                await write(services.db, read_sync(body), services.clock.now())
            )
        case "sms_preferences":
            asked = msgspec.convert(body, SmsSettingsRequest)
            answer = await post_schedule.fn(data=asked, services=services, caller=SERVICE)
        case "brief":
            asked = msgspec.convert(body, BriefRequest)
            answer = await queue_brief(services, asked, idempotent=idempotent, correlation_id=None)
            return {"job": answer.job_id, "day": answer.day.isoformat()}
        case "message":
            asked = msgspec.convert(body, SmsRequest)
            answer = await queue_sms.fn(
                data=asked,
                services=services,
                caller=SERVICE,
                correlation_id="corr-note",
                idempotent=idempotent,
            )
        case "call_off_brief":
            return await _call_off_brief(box, who)
        case "call_off_text":
            return await _call_off_text(box, who)
        case "news":
            answer = await put_preferences.fn(
                user_id=who, data=body, services=services, caller=SERVICE
            )
        case "pause" | "resume":
            route = pause if do == "pause" else resume
            paused = msgspec.convert(body, PauseRequest)
            answer = await route.fn(data=paused, services=services, **CALLERS[do])
        case "forecast":
            answer = await get_forecast.fn(services=services, caller=SERVICE, limit=5000, **body)
        case "word":
            form = {**body, "MessageSid": f"IN-{who}-{body['n']}"}
            await twilio_inbound.fn(
                request=_signed("/webhooks/twilio/inbound", "", form), services=services
            )
            return None
        case "callback":
            path, _, query = body["url"].removeprefix(PUBLIC_URL).partition("?")
            await twilio_status.fn(request=_signed(path, query, body["form"]), services=services)
            return None
        case _:
            raise ValueError(do)
    return msgspec.to_builtins(answer)


async def _call_off_brief(box: Box, who: str) -> Any:
    """Cancel the newest of this person's briefs that wait or are being written."""
    found = await list_user_jobs.fn(
        user_id=who,
        services=box.services,
        caller=SERVICE,
        job_type="generate_daily_brief",
        status="pending,processing,queued_for_retry",
        limit=1,
    )
    for job in found.jobs:
        await cancel_job.fn(job_id=job.id, services=box.services, caller=SERVICE)
        return {"job": job.id, "day": job.metadata["briefDate"]}
    return None


async def _call_off_text(box: Box, who: str) -> Any:
    """Cancel this person's next reminder."""
    found = await list_messages.fn(
        user_id=who, services=box.services, caller=SERVICE, status="scheduled"
    )
    for one in found.messages:
        if one.kind == "reminder":
            await cancel_message.fn(sms_id=one.id, services=box.services, caller=SERVICE)
            return {"event": one.event_id, "start": one.event_start}
    return None


class _Request:
    """As much of a request as the webhooks look at."""

    def __init__(self, path: str, query: str, body: bytes, headers: dict[str, str]) -> None:
        self.headers = headers
        self.scope = {"query_string": query.encode("latin-1")}
        self.url = SimpleNamespace(path=path)
        self.query_params = dict(parse_qsl(query))
        self._body = body

    async def body(self) -> bytes:
        return self._body


def _signed(path: str, query: str, form: dict[str, str]) -> Any:
    """A request as Twilio makes it."""
    from twilio.request_validator import RequestValidator

    url = f"{PUBLIC_URL}{path}" + (f"?{query}" if query else "")
    form = {name: str(value) for name, value in form.items()}
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(url, form)
    return _Request(path, query, urlencode(form).encode(), {"x-twilio-signature": signature})
