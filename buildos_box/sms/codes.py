"""The code in the text that verifies a phone number."""

from buildos_box.auth import codes

PLACE = "{code}"


def with_code(message: str, key: bytes, sms_id: str) -> str:
    """The text as it is sent, with the code in place of its placeholder."""
    return (
        message.replace(PLACE, codes.code_of(key, code_name(sms_id)))
        if PLACE in message
        else message
    )


def code_name(sms_id: str) -> str:
    """The name of the code that goes with that message."""
    return f"sms-code:{sms_id}"
