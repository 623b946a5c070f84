"""People's languages and habits: texts, dates, times, numbers, lists (docs/spec.md#languages)."""
