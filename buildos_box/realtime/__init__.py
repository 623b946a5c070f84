"""The book of events that people's screens want to hear of."""
