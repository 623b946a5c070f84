"""The box with SMS of `tests/sms`, for faults of SMS."""

from tests.sms.conftest import box

__all__ = ["box"]
