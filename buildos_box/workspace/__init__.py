"""What the box works on: users, preferences, projects, tasks, notes, calendar (spec 14.5)."""
