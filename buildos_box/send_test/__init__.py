"""Test messages: whether mail, SMS, push and chat leave this server (`send-test`)."""
