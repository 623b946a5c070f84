"""The weather of a person's place, as one line of their brief (docs/spec.md#weather)."""
