"""The command line: commands over the API, and those that need the server stopped."""
