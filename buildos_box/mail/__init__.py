"""Mail: queued with its cause, rendered, sent, opens and clicks counted."""
