"""The one form of all errors (docs/spec.md#api-errors)."""

import re
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from buildos_box.api.allowed_values import allowed_values
from buildos_box.api.correlation import correlation_of
from buildos_box.auth.caller import Caller
from buildos_box.did_you_mean import hint, nearest_of
from buildos_box.errors import BoxError, Conflict, FieldFault, RateLimited, TransientError
from buildos_box.log import logger

log = logger(__name__)
_CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}
_AT_PATH = re.compile(r"^(?P<message>.*) - at `\$\.?(?P<path>[^`]*)`$", re.DOTALL)
_NOT_ONE_OF = re.compile(r"^Invalid enum value '?(?P<given>.*?)'?$", re.DOTALL)
_NO_BODY = "'data'"
"""What the framework says of a body that is not there: it calls the body `data`."""
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")

AnyRequest = Request[Any, Any, Any]


def error_response(
    request: AnyRequest,
    status: int,
    code: str,
    sentence: str,
    details: tuple[FieldFault, ...] = (),
    **more: str,
) -> Response[dict[str, Any]]:
    """`{"error", "code", "details", "correlationId"}`, and further fields of some statuses."""
    body = {
        "error": sentence,
        "code": code,
        "details": [{"field": fault.field, "message": fault.message} for fault in details],
        "correlationId": correlation_of(request.scope),
        **more,
    }
    return Response(body, status_code=status, media_type="application/json")


def on_box_error(request: AnyRequest, error: BoxError) -> Response[Any]:
    """The response for an error that was raised on purpose."""
    status = 503 if isinstance(error, TransientError) else error.status
    if status >= 500:
        log.error("request_failed", route=_route(request), code=error.code, error=error.message)
    if status == 403:
        caller: Caller | None = request.scope.get("state", {}).get("caller")
        actor = caller.actor if caller is not None else "not known"
        log.warning("access_refused", route=_route(request), actor=actor, reason=error.message)
    details: tuple[FieldFault, ...] = getattr(error, "details", ())
    more = {}
    if isinstance(error, Conflict) and error.existing_job_id:
        more["existingJobId"] = error.existing_job_id
    response = error_response(request, status, error.code, error.message, details, **more)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _route(request: AnyRequest) -> str:
    """The route's pattern, since the path itself may contain an unsubscribe token."""
    return f"{request.method} {request.scope.get('path_template', '')}"


def on_validation_error(request: AnyRequest, error: ValidationException) -> Response[Any]:
    """The response for a body, path or query that the framework refused: each field by name."""
    found = _extra(error)
    if any(item.get("message") == _NO_BODY for item in found):
        return error_response(request, 400, "malformed", "the body must be a JSON object")
    faults = tuple(_fault(request, item) for item in found)
    if not faults:
        return error_response(request, 400, "malformed", _sentence(error.detail))
    sentence = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return error_response(request, 400, "malformed", sentence, faults)


def _extra(error: ValidationException) -> list[dict[str, Any]]:
    return [item for item in error.extra if isinstance(item, dict)] if error.extra else []


def _fault(request: AnyRequest, item: dict[str, Any]) -> FieldFault:
    message, path = str(item.get("message", "")), str(item.get("key", "") or "")
    at = _AT_PATH.match(message)
    if at:
        message, path = at["message"], at["path"] or path
    # The framework calls the body `data`, a name that clients never see.
    path = "" if path == "data" else path.removeprefix("data.")
    missing = _MISSING.search(message)
    if missing:
        prefix = f"{path}." if path and path != missing["name"] else ""
        return FieldFault(f"{prefix}{missing['name']}", "is required")
    return FieldFault(path or "body", _with_choices(request, path, message))


def _with_choices(request: AnyRequest, path: str, message: str) -> str:
    """The message; of a value that is none of a few, which there are."""
    refused = _NOT_ONE_OF.match(message)
    parameters = request.route_handler.parsed_fn_signature.parameters
    if refused is None:
        return message
    if path in parameters:
        choices = allowed_values(parameters[path].annotation, "")
    else:
        data = parameters.get("data")
        choices = allowed_values(data.annotation, path) if data is not None else []
    if not choices:
        return message
    return f"must be one of {', '.join(choices)}{hint(nearest_of(refused['given'], choices))}"


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """The response for the framework's own refusals: unknown route, wrong method, and others."""
    status = error.status_code
    sentence = _too_large(request) if status == 413 else _sentence(error.detail)
    response = error_response(request, status, _CODES.get(status, "error"), sentence)
    allowed = (error.headers or {}).get("allow")
    if status == 405 and allowed:
        response.headers["Allow"] = allowed
    return response


def _too_large(request: AnyRequest) -> str:
    limit = request.route_handler.resolve_request_max_body_size() or 0
    unit, size = ("MiB", 1024 * 1024) if limit >= 1024 * 1024 else ("KiB", 1024)
    return f"The body is too large: at most {limit / size:g} {unit} are accepted here"


def _sentence(detail: str) -> str:
    first = detail.strip().splitlines()[0] if detail.strip() else "The request was refused"
    return first.removeprefix("400: ").removeprefix("404: ")


def on_recursion(request: AnyRequest, error: RecursionError) -> Response[Any]:
    """The response for a body nested too deeply, which the framework does not refuse itself."""
    if "deserializing" not in str(error):
        return on_any_error(request, error)
    return error_response(request, 400, "malformed", "The body is nested too deeply")


def on_any_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """The response for an unexpected error: logged in full, without details for the client."""
    log.exception("request_crashed", route=_route(request), exc_info=error)
    return error_response(
        request,
        500,
        "internal_error",
        "An unexpected error occurred; the server's log has it under this correlation id",
    )
