"""Reminders and messages by SMS, through Twilio (docs/spec.md#sms)."""
