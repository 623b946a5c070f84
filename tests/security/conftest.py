from tests.sms.conftest import twilio

__all__ = ["twilio"]
