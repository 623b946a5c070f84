"""The code in a text that proves a number."""

from buildos_box.auth import codes

PLACE = "{code}"


def with_code(message: str, key: bytes, sms_id: str) -> str:
    """The message as it is sent, its code in its place."""
    return (
        message.replace(PLACE, codes.code_of(key, _name(sms_id))) if PLACE in message else message
    )


def is_code(given: str, key: bytes, sms_id: str) -> bool:
    """Whether those are the digits that went out with that message."""
    return codes.is_code(given, key, _name(sms_id))


def _name(sms_id: str) -> str:
    return f"sms-code:{sms_id}"
