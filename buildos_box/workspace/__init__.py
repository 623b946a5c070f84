"""What the box works on: users, preferences, projects, tasks, notes, calendar."""
