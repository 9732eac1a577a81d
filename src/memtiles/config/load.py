"""A config file → Config, or every mistake in it as `file:line: key: what is wrong`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from memtiles.config.inputs import Section
from memtiles.config.models import Config
from memtiles.config.notyet import NOT_YET
from memtiles.config.scalars import nearest
from memtiles.config.source import Location, Mistake, Source, parse, read_text
from memtiles.errors import ConfigError
from memtiles.memory.address import show

MOST_MISTAKES = 50


def load_config(path: Path) -> Config:
    """The config in the file; paths in it are taken from the file's folder.

    Raises:
        ConfigError: The file cannot be read or has mistakes: one line for each, `file:line: key:
            what is wrong, what is allowed`.
    """
    return parse_config(read_text(path), path)


def parse_config(text: str, path: Path) -> Config:
    """The config in a text that lies, or will lie, in a file of that path; as `load_config`."""
    source = parse(text)
    mistakes = source.mistakes
    if isinstance(source.value, dict):
        later = list(_not_yet(source, (), source.value))
        known = source.unread | {mistake.location for mistake in later}
        mistakes += later
        try:
            config = Config.model_validate(source.value, context={"folder": path.parent.resolve()})
        except ValidationError as error:
            mistakes += _mistakes(source, known, error)
        else:
            if not mistakes:
                return config
    elif not mistakes:
        found = "is empty" if source.value is None else "holds no keys"
        mistakes.append(Mistake(1, (), f"{found}; the least config is dump: FILE"))
    raise ConfigError(_report(path, mistakes))


def _not_yet(source: Source, location: Location, value: object) -> Iterator[Mistake]:
    """What the file asks for that is not there yet; nothing inside such a value is looked at."""
    entry = NOT_YET.get(re.sub(r"\[\d+\]", "[]", _dotted(location)))
    if entry is not None and entry.refuses(value):
        what = f"{show(value)} is" if isinstance(value, str) and entry.only_some_values else "is"
        text = f"{what} not there yet; {entry.instead}"
        yield Mistake(source.line(location), location, text)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_yet(source, (*location, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_yet(source, (*location, index), inner)


def _mistakes(source: Source, known: set[Location], error: ValidationError) -> Iterator[Mistake]:
    """Errors of pydantic in our words, but for places of which the mistake is known already."""
    for detail in error.errors(include_url=False, include_input=False):
        location = detail["loc"]
        if not any(location[:length] in known for length in range(len(location) + 1)):
            yield Mistake(source.line(location), location, _wording(detail, location))


def _wording(detail: ErrorDetails, location: Location) -> str:
    match detail["type"]:
        case "value_error":
            return str(detail["ctx"]["error"])
        case "missing":
            return f"is missing; keys here are {', '.join(_keys(location[:-1]))}"
        case "extra_forbidden":
            keys = _keys(location[:-1])
            near = nearest(str(location[-1]), keys)
            return f"is not a key{near}; keys here are {', '.join(keys)}"
        case "tuple_type":
            return "must be a list, such as [...], or lines that start with -"
        case _:
            return f"must be a mapping with keys of {', '.join(_keys(location))}"


def _keys(location: Location) -> list[str]:
    """The keys that the mapping at that place may have."""
    section: type[Section] = Config
    for part in location:
        if isinstance(part, str):
            section = next(
                _section(entry.annotation)
                for name, entry in section.model_fields.items()
                if part == (entry.alias or name)
            )
    return [entry.alias or name for name, entry in section.model_fields.items()]


def _section(annotation: object) -> type[Section]:
    """The model inside a type such as `Live | None` or `tuple[Map, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return _section(get_args(annotation)[0])


def _dotted(location: Location) -> str:
    """A place as people write it: `regions.ranges[0].range`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if re.fullmatch("[A-Za-z0-9_-]{1,60}", part) else show(part)
            text += f".{word}" if text else word
    return text


def _report(path: Path, mistakes: list[Mistake]) -> str:
    lines = []
    for mistake in sorted(mistakes, key=lambda found: found.line)[:MOST_MISTAKES]:
        key = f"{_dotted(mistake.location)}: " if mistake.location else ""
        lines.append(f"{path}:{mistake.line}: {key}{mistake.text}")
    if len(mistakes) > MOST_MISTAKES:
        lines.append(f"{path}: and {len(mistakes) - MOST_MISTAKES} more mistakes")
    return "\n".join(lines)
