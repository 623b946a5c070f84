"""Users' data: users, preferences, projects, tasks, notes, calendar events."""
