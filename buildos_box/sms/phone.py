"""Phone numbers as the network wants them: E.164."""

from buildos_box.errors import Impossible


def e164(text: str, country: str, field: str = "phoneNumber") -> str:
    """The number in E.164; those without `+` are read as of `country`. Raises Impossible."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, None if text.strip().startswith("+") else country)
    except phonenumbers.NumberParseException as error:
        raise Impossible.field(field, "is no phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise Impossible.field(field, "is no phone number that can exist")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
