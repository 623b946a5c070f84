"""The daily brief: who gets one and when, what it says, how it is made (spec 5)."""
