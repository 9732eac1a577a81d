"""YAML → frozen Config. The only importer of the YAML library.

`source` reads the file into scalars that remember how they were written, `models` (with `inputs`,
`outputs` and, for single values, `scalars` and `addresses`) says what a config may hold, `notyet`
what it may one day hold, `load` joins them and words the mistakes.
Importing this costs pydantic, so the command line imports it when it needs it.
"""

from memtiles.config.inputs import Dump, Live, Map, Match, NamedRange, Regions
from memtiles.config.load import load_config, parse_config
from memtiles.config.models import Config
from memtiles.config.outputs import Atlas, Limits, Override, Pictures, Strip, Tiles
from memtiles.config.schema import SCHEMA_FILE, config_schema

__all__ = [
    "SCHEMA_FILE",
    "Atlas",
    "Config",
    "Dump",
    "Limits",
    "Live",
    "Map",
    "Match",
    "NamedRange",
    "Override",
    "Pictures",
    "Regions",
    "Strip",
    "Tiles",
    "config_schema",
    "load_config",
    "parse_config",
]
