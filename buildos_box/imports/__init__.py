"""Tables of other programs, read into workspace items."""
