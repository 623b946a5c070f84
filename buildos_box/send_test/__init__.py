"""Test messages: whether mail, SMS and push leave this server (`send-test`)."""
