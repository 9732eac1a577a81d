"""What a config will be able to say one day, and is refused by name until then."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic.config import JsonDict


@dataclass(frozen=True, slots=True)
class NotYet:
    """One key, or some values of one key, whose feature is not there yet.

    Attributes:
        instead: What to do until then.
        values: The values that are not there yet; empty for all values.
        ready: With empty `values`, the values that are there already.
    """

    instead: str
    values: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()

    @property
    def only_some_values(self) -> bool:
        """Whether the key itself is there."""
        return bool(self.values or self.ready)

    def refuses(self, value: object) -> bool:
        """Whether this value asks for the missing feature; an empty list asks for nothing."""
        if isinstance(value, str):
            return value in self.values if self.values else value not in self.ready
        return bool(value) and not self.only_some_values


NOT_YET = {
    "redact": NotYet("leave whole regions out with regions.exclude"),
    "pictures.lenses[]": NotYet("use one of the others", values=("diff",)),
    "pictures.bmp": NotYet("use keep", values=("drop",)),
    "atlases[].style": NotYet("use landscape", ready=("landscape",)),
}


def hint(key: str) -> JsonDict:
    """What the JSON Schema says about the missing part of `key`."""
    entry = NOT_YET[key]
    found: JsonDict = {"instead": entry.instead}
    if entry.values:
        found["values"] = list(entry.values)
    return {"x-not-yet": found}
