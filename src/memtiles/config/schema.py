"""The config's JSON Schema, from which editors complete and check a config while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from memtiles.config.models import Config

SCHEMA_FILE = Path(__file__).with_name("config.schema.json")
"""What `config_schema` gives, for programs that look for it in a file."""


class _WithoutNull(GenerateJsonSchema):
    """A key that may be left out may not be null: an empty value in a config is a mistake."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        found = super().default_schema(schema)
        if "default" in found and found["default"] is None:
            del found["default"]
        return found

    def field_title_should_be_set(self, schema: object) -> bool:
        return False  # "Pid File" says no more than pid_file


def config_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config file."""
    found = Config.model_json_schema(schema_generator=_WithoutNull)
    return {"$schema": _WithoutNull.schema_dialect, **found}
