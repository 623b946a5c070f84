"""BuildOS Box: the background half of BuildOS as one self-hosted process."""

from buildos_box.version import VERSION as __version__

__all__ = ["__version__"]
