"""The HTTP server: what each connection may do, and how many there may be."""
