"""A config file as a tree of scalars that remember how they were written, and on which line.

Nothing is resolved: a YAML loader would make the float 85.0 of the address `0085e000`, and what was
written could not be told any more. What YAML offers beyond keys, lists and values (anchors, tags,
merge keys, several documents) is refused, so that a file cannot unfold into more than it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from memtiles.errors import ConfigError
from memtiles.memory.address import show

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError

LARGEST_FILE = 1 << 20
DEEPEST = 16
MOST_VALUES = 150_000  # what fits a file of ranges; a file of commas could hold ten times that

Location: TypeAlias = tuple[str | int, ...]


class Scalar(str):
    """A value's source text; `plain` tells that it stood there without quotes."""

    plain: bool

    def __new__(cls, text: str, plain: bool) -> Scalar:
        """The text, marked."""
        scalar = super().__new__(cls, text)
        scalar.plain = plain
        return scalar


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right: where, and what is wrong and what is allowed."""

    line: int
    location: Location
    text: str


@dataclass
class Source:
    """What a file says.

    Attributes:
        value: Dicts, lists and scalars; None for a file that says nothing or is not YAML.
        lines: The line of each key and list item, counted from 1.
        mistakes: What is wrong with the YAML itself.
        unread: Places whose value is not in the tree; what validation says of them is no news.
    """

    value: object = None
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unread: set[Location] = field(default_factory=set)

    def line(self, location: Location) -> int:
        """The line of that key, or of the nearest key around it that stands in the file."""
        while location not in self.lines and location:
            location = location[:-1]
        return self.lines.get(location, 1)


def read_text(path: Path) -> str:
    """The text of a config file.

    Raises:
        ConfigError: No such file, a directory, not readable, too large, or not UTF-8.
    """
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: is a directory; give the config file in it")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; give the path of a config file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if len(data) > LARGEST_FILE:
        raise ConfigError(f"{path}: is larger than 1 MiB, the most that a config may be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text; save the file as UTF-8") from error


def parse(text: str) -> Source:
    """The tree of a config's text, with all mistakes up to the first that stops the parser."""
    from ruamel.yaml import YAML  # here, since it takes longer to load than most commands run
    from ruamel.yaml.error import YAMLError

    reader = _Reader(YAML(typ="safe", pure=True).parse(text))
    try:
        reader.document()
    except YAMLError as error:
        reader.source.value = None
        reader.source.mistakes.append(_syntax_mistake(error, text))
    except _StopError as stop:
        reader.source.value = None
        reader.source.mistakes.append(stop.mistake)
    return reader.source


class _StopError(Exception):
    """A mistake after which reading on makes no sense."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.text)
        self.mistake = mistake


class _Reader:
    """Builds a Source from YAML events.

    Events and not ruamel's node composer: anchors, aliases and depth are seen before anything is
    built of them.
    """

    def __init__(self, events: Iterator[Any]) -> None:
        from ruamel.yaml import events as kinds

        self._kinds = kinds
        self._events = events
        self._values = 0
        self.source = Source()

    def document(self) -> None:
        kinds = self._kinds
        next(self._events)  # the start of the stream
        start = next(self._events)
        if not isinstance(start, kinds.DocumentStartEvent):
            return
        if start.version not in (None, (1, 2)):
            text = "is said to be another YAML than 1.2; remove the %YAML line"
            raise _StopError(Mistake(_line(start), (), text))
        self.source.value = self._node(next(self._events), ())
        next(self._events)  # the end of the document
        after = next(self._events)
        if isinstance(after, kinds.DocumentStartEvent):
            text = "a second document starts here; a config is one document, without --- inside"
            raise _StopError(Mistake(_line(after), (), text))

    def _node(self, event: Any, location: Location) -> object:
        kinds = self._kinds
        if len(location) > DEEPEST:
            text = f"is nested more than {DEEPEST} deep; no part of a config is"
            raise _StopError(Mistake(_line(event), location[:4], text))
        self._values += 1
        if self._values > MOST_VALUES:
            text = f"is value number {MOST_VALUES:,} of the file; no config needs as many"
            raise _StopError(Mistake(_line(event), location, text))
        self.source.lines.setdefault(location, _line(event))
        if isinstance(event, kinds.AliasEvent):
            return self._refuse(event, location, "has an alias (*name); write the value out")
        if event.anchor is not None:
            self._mistake(event, location, "has an anchor (&name); write it without")
        if event.tag is not None:
            self._mistake(event, location, "has a tag (!name); write the value without it")
        if isinstance(event, kinds.MappingStartEvent):
            return self._mapping(location)
        if isinstance(event, kinds.SequenceStartEvent):
            return self._sequence(location)
        plain = event.style is None
        if location and plain and event.value in ("", "~", "null", "Null", "NULL"):
            return self._refuse(event, location, "has no value; give it one or remove the key")
        return Scalar(event.value, plain)

    def _sequence(self, location: Location) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), self._kinds.SequenceEndEvent):
            items.append(self._node(event, (*location, len(items))))
        return items

    def _mapping(self, location: Location) -> dict[str, object]:
        found: dict[str, object] = {}
        first_lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), self._kinds.MappingEndEvent):
            key = self._key(event, location)
            if key is None:
                self._skip_value(location)
                continue
            inner = (*location, key)
            first = first_lines.setdefault(key, _line(event))
            self.source.lines.setdefault(inner, first)
            if key in found:
                text = f"is here a second time, after line {first}; remove one of the two"
                self._mistake(event, inner, text)
                self._skip_value(inner)
            else:
                found[key] = self._node(next(self._events), inner)
        return found

    def _key(self, event: Any, location: Location) -> str | None:
        """The key that the event starts, or None after saying what is wrong with it."""
        kinds = self._kinds
        if isinstance(event, kinds.AliasEvent) or not isinstance(event, kinds.ScalarEvent):
            self._mistake(event, location, "has a key that is not a word; keys are plain words")
            if not isinstance(event, kinds.AliasEvent):
                self._skip(event, location)
            return None
        if event.style is None and event.value == "<<":
            self._mistake(event, location, "has a merge key (<<); write the keys out")
            return None
        if event.anchor is not None or event.tag is not None:
            self._mistake(event, location, "has an anchor or tag at a key; write the key without")
        return str(event.value)

    def _skip_value(self, location: Location) -> None:
        self._skip(next(self._events), location)

    def _skip(self, event: Any, location: Location) -> None:
        """Reads past a value, still at its depth, and forgets it and what is wrong inside."""
        kept = self.source
        self.source = Source()
        try:
            self._node(event, (*location, 0))
        finally:
            self.source = kept

    def _mistake(self, event: Any, location: Location, text: str) -> None:
        self.source.mistakes.append(Mistake(_line(event), location, text))

    def _refuse(self, event: Any, location: Location, text: str) -> Scalar:
        self.source.mistakes.append(Mistake(self.source.line(location), location, text))
        self.source.unread.add(location)
        return Scalar("", plain=True)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _syntax_mistake(error: YAMLError, text: str) -> Mistake:
    """The complaint of ruamel.yaml as one line; its own message has a drawing of several."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow; it tells the offset only
        offset = getattr(error, "position", 0)
        line = text.count("\n", 0, offset) + 1
        return Mistake(line, (), f"has the character {show(text[offset:][:1])}; remove it")
    problem = " ".join(str(getattr(error, "problem", "")).split())
    context, start = getattr(error, "context", None), getattr(error, "context_mark", None)
    within = f" {context} that starts in line {start.line + 1}" if context and start else ""
    hint = ""
    if "'`'" in problem:
        hint = "; quote addresses and ranges in WinDbg's form"
    return Mistake(mark.line + 1, (), f"is not YAML: {problem}{within}{hint}")
