"""memtiles: Google Maps for memory dumps.

    import memtiles

    with memtiles.open("app.core") as dump:
        libc = dump.region("libc.so.6")
        memory = dump.read(libc)
        dump.picture("libc.png", libc)
    memtiles.build("config.yaml")

`docs/api.md` describes all of it. Nothing is loaded before it is used: neither the import nor a
start of the command line waits for numpy.
"""

from typing import TYPE_CHECKING

from memtiles.errors import MemtilesError

if TYPE_CHECKING:
    from memtiles.api.build import build
    from memtiles.api.dump import Dump
    from memtiles.api.opening import open
    from memtiles.api.where import Where
    from memtiles.config import Config
    from memtiles.exports.flat_memory import Extracted
    from memtiles.exports.picture import PictureFile
    from memtiles.manifest import Manifest
    from memtiles.maps.region import Region
    from memtiles.memory.dump import Module
    from memtiles.memory.runs import Runs
    from memtiles.memory.sections.of_module import Section
    from memtiles.memory.space import Memory
    from memtiles.memory.span import Span

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Dump",
    "Extracted",
    "Manifest",
    "Memory",
    "MemtilesError",
    "Module",
    "PictureFile",
    "Region",
    "Runs",
    "Section",
    "Span",
    "Where",
    "build",
    "open",
]

_HOMES = {
    "Config": "config",
    "Dump": "api.dump",
    "Extracted": "exports.flat_memory",
    "Manifest": "manifest",
    "Memory": "memory.space",
    "Module": "memory.dump",
    "PictureFile": "exports.picture",
    "Region": "maps.region",
    "Runs": "memory.runs",
    "Section": "memory.sections.of_module",
    "Span": "memory.span",
    "Where": "api.where",
    "build": "api.build",
    "open": "api.opening",
}

# Not for type checkers: they would take every misspelt name for one that is found here.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
