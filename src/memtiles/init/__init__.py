"""A commented config out of what a dump holds.

`text` writes it, `examples` picks the regions that its examples name, `quoting` makes any name a
scalar of YAML. Names come out of a dump: they stand in quotes or escaped, never as they are.
"""

from memtiles.init.text import Source, make_config

__all__ = ["Source", "make_config"]
