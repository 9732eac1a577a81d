"""A manifest read back, and the schema that says what one is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Any

from pydantic import TypeAdapter, ValidationError

from memtiles.errors import DamageError, OlderVersionError, UsageError
from memtiles.manifest.rows import Manifest

VERSION = 3
FILE = "manifest.json"


def read_manifest(text: bytes) -> Manifest:
    """The manifest in `text`.

    Raises:
        OlderVersionError: An older version of memtiles wrote it.
        UsageError: A newer one did.
        DamageError: It is not a manifest.
    """
    try:
        # Out of the bytes, without a tree of Python objects in between.
        return _checked(_adapter().validate_json(text))
    except ValidationError:
        pass
    try:
        content: Any = json.loads(text)
        version = content["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamageError(f"{FILE} is not a manifest of memtiles") from None
    if type(version) is not int or version != VERSION:
        older = type(version) is int and version < VERSION
        raise (OlderVersionError if older else UsageError)(
            f"{FILE} has version {version!r} and this memtiles knows {VERSION}: "
            f"{'build it again' if older else 'use the memtiles that made it'}"
        )
    try:
        # A name may have half of a surrogate pair, which only Python's own reader takes.
        return _checked(_adapter().validate_python(content))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DamageError(f"{FILE}: {key}: {first['msg']}") from None


def _checked(manifest: Manifest) -> Manifest:
    """The manifest, if each index in it is one of the list that it points into.

    Raises:
        DamageError: Names the list that it does not point into.
    """
    regions, strips = manifest.regions, manifest.strips
    places = [one for atlas in manifest.atlases for one in atlas.placements]
    gaps = [one for atlas in manifest.atlases for one in atlas.gaps]
    of_pictures = chain((one.picture for one in regions), (one.picture for one in places))
    of_regions = chain(
        (one.region for one in places),
        (one.region for one in strips),
        (one.before for one in gaps),
        (one.after for one in gaps),
    )
    of_lenses = (one.lens for atlas in manifest.atlases for one in atlas.lenses)
    indices: dict[str, tuple[int, Iterable[int | None]]] = {
        "modules": (len(manifest.modules), (one.module for one in regions)),
        "pictures": (len(manifest.pictures), of_pictures),
        "regions": (len(regions), of_regions),
        "atlases": (len(manifest.atlases), (one.atlas for one in strips)),
        "lenses": (len(manifest.lenses), of_lenses),
    }
    for name, (count, numbers) in indices.items():
        for number in numbers:
            if number is not None and number >= count:
                raise DamageError(f"{FILE}: there is no {name}[{number}], which it speaks of")
    return manifest


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of `manifest.json`."""
    schema = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
