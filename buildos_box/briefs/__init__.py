"""The daily brief: who gets one and when, what it says, how it is made (docs/spec.md#briefs)."""
