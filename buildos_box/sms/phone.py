"""Phone numbers in E.164."""

from typing import TYPE_CHECKING

from buildos_box.errors import Unprocessable
from buildos_box.settings import SmsSettings

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


def e164(text: str, sms: SmsSettings, field: str = "phoneNumber") -> str:
    """The number in E.164; those without `+` are read as numbers of `sms.country`.

    Raises Unprocessable for what is not a phone number, and for one that must not be written to: of
    a country that is not allowed, or a premium number.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, None if text.strip().startswith("+") else sms.country)
    except phonenumbers.NumberParseException as error:
        raise Unprocessable.field(field, "is not a phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise Unprocessable.field(field, "is not a valid phone number")
    if refused := _why_not(number, sms):
        raise Unprocessable.field(field, refused)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def why_not(number: str, sms: SmsSettings) -> str | None:
    """Why that number, in E.164, must not be written to; None if it may be."""
    import phonenumbers

    try:
        return _why_not(phonenumbers.parse(number, None), sms)
    except phonenumbers.NumberParseException:
        return "is not a phone number"


def _why_not(number: "PhoneNumber", sms: SmsSettings) -> str | None:
    from phonenumbers import PhoneNumberType, number_type, region_code_for_number

    charging = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
    if number_type(number) in charging:
        return "is a premium number"
    country = region_code_for_number(number)
    if sms.allowed_countries and country not in sms.allowed_countries:
        return f"is not of a country in sms.allowed_countries ({', '.join(sms.allowed_countries)})"
    return None
