"""memtiles: Google Maps for memory dumps."""

__version__ = "0.1.0"
