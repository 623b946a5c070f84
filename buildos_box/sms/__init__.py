"""Reminders and messages by SMS, through Twilio (spec 7)."""
