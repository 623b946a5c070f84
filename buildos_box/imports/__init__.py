"""Tables of other programs, converted to workspace items."""
