"""Codes that prove a number: never stored, made again from the box's key when needed."""

import hashlib
import hmac

PLACE = "{code}"


def code_of(secret: bytes, sms_id: str) -> str:
    """The six digits that go with that message."""
    digest = hmac.new(secret, f"sms-code:{sms_id}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def with_code(message: str, secret: bytes, sms_id: str) -> str:
    """The message as it is sent, its code in its place."""
    return message.replace(PLACE, code_of(secret, sms_id)) if PLACE in message else message


def is_code(given: str, secret: bytes, sms_id: str) -> bool:
    """Whether those are the digits; takes as long for a wrong guess as for a right one."""
    return hmac.compare_digest(given.encode(), code_of(secret, sms_id).encode())
