"""The code in the text that verifies a phone number."""

from buildos_box.auth import codes

PLACE = "{code}"


def with_code(message: str, key: bytes, sms_id: str) -> str:
    """The text as it is sent, with the code in place of its placeholder."""
    return (
        message.replace(PLACE, codes.code_of(key, _name(sms_id))) if PLACE in message else message
    )


def is_code(given: str, key: bytes, sms_id: str) -> bool:
    """Whether the digits are those that were sent with that message."""
    return codes.is_code(given, key, _name(sms_id))


def _name(sms_id: str) -> str:
    return f"sms-code:{sms_id}"
