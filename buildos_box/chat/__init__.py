"""Chat services (ntfy, Gotify, Telegram, Matrix …) over the `apprise` library."""
