"""The command line: people's way in, over the client, save where the box must be stopped."""
