"""BuildOS Box: the background half of BuildOS as one self-hosted process."""

__version__ = "0.1.0"
