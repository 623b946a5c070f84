"""The peers, each in an environment of its own; these files import nothing of BuildOS Box."""
