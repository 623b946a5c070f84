"""Mail: queued with what it is about, rendered, sent once, its opens and clicks counted."""
