import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from memtiles.config import SCHEMA_FILE, config_schema, load_config

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def valid(text: str) -> bool:
    """What an editor makes of a config: YAML resolves it, then the schema judges."""
    value = YAML(typ="safe", pure=True).load(text)
    return Draft202012Validator(config_schema()).is_valid(value)


def test_the_published_schema_is_the_current_one() -> None:
    same = json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == config_schema()
    assert same, f"{SCHEMA_FILE.name} is not what `memtiles schema` prints: redirect that there"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(config_schema())
    assert config_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_is_described() -> None:
    schema = config_schema()

    def properties(of: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        return list(of.get("properties", {}).items())

    for name, entry in [
        pair for of in (schema, *schema["$defs"].values()) for pair in properties(of)
    ]:
        target = schema["$defs"][entry["$ref"].split("/")[-1]] if "$ref" in entry else {}
        assert entry.get("description") or target.get("description"), name
        assert entry.get("type") != "null", name


def test_the_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    blocks = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1:]
    assert len(blocks) >= 3
    for block in blocks:
        text = block.split("```")[0]
        assert valid(text)
        config = tmp_path / "config.yaml"
        config.write_text(text, encoding="utf-8")
        load_config(config)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dump: a", True),
        ("dump: {path: a, format: raw, base: 0x1000}", True),
        ('dump: {path: a, format: raw, base: "fffff800`00800000"}', True),
        ("dump: {live: {pid: 1234}}", True),
        ("{dump: a, regions: {ranges: [{name: a, range: 0x1000..0x2000}]}}", True),
        ("{dump: a, tiles: {region_pyramids_from: 4096}, limits: {output: 1MiB}}", True),
        ("{dump: a, maps: [{path: a, rebase: -0x1000}]}", True),
        ("{dump: a, redact: []}", True),
        ("{dump: a, strips: [{name: a, region: hal, crop: 100x18400+9150+0}]}", True),
        ("{dump: a, strips: [{name: a, region: 0x1000, dpi: 72, format: bmp}]}", True),
        ("{dump: a, strips: [{name: a, atlas: landscape}]}", True),
        ("output: a", False),
        ("{dump: a, outptu: a}", False),
        ("dump: {path: a, live: {pid: 1}}", False),
        ("dump: {live: {pid: 1, pid_file: a}}", False),
        ("dump: {path: a, base: 12:34:56}", False),
        ("{dump: a, maps: [{path: a, pid: 1234}]}", True),
        ("{dump: a, maps: [{path: a, pid: 0}]}", False),
        ("dump: {path: a, cr3: 0x1000}", True),
        ("dump: {path: a, cr3: auto}", True),
        ("dump: {path: a, cr3: none}", False),
        ("{dump: a, output: null}", False),
        ("{dump: a, redact: [{name: a}]}", False),
        ("{dump: a, pictures: {layout: hilbert}}", True),
        ("{dump: a, pictures: {layout: spiral}}", False),
        ("{dump: a, overrides: [{match: {name: a}, layout: hilbert}]}", False),
        ("{dump: a, atlases: [{name: a, layout: pages}]}", True),
        ("{dump: a, atlases: [{name: a, layout: classic}]}", False),
        ("{dump: a, pictures: {lenses: [class, entropy:1024, my lenses/One.py]}}", True),
        ("{dump: a, pictures: {lenses: [Entropy]}}", False),
        ("{dump: a, pictures: {lenses: ['entropy:']}}", False),
        ("{dump: a, pictures: {lenses: [diff]}}", False),
        ("{dump: a, pictures: {lenses: [class, class]}}", False),
        ("{dump: a, pictures: {lenses: []}}", False),
        ("{dump: a, regions: {include: [{}]}}", False),
        ("{dump: a, regions: {ranges: [{name: a, range: 1000..2000}]}}", False),
        ("{dump: a, limits: {output: 1MB}}", False),
        ("{dump: a, strips: [{name: a}]}", False),
        ("{dump: a, strips: [{name: a, region: b, atlas: c}]}", False),
        ("{dump: a, strips: [{name: a, region: b, crop: 100x200}]}", False),
        ("{dump: a, strips: [{name: a, region: b, dpi: 0}]}", False),
        ("{dump: a, strips: [{name: a, region: b, format: jpeg}]}", False),
    ],
)
def test_what_an_editor_says(text: str, expected: bool) -> None:
    assert valid(text) is expected


def test_what_is_not_there_yet_is_told() -> None:
    pictures = config_schema()["$defs"]["Pictures"]["properties"]
    assert pictures["lenses"]["x-not-yet"] == {
        "instead": "use one of the others",
        "values": ["diff"],
    }
    assert pictures["bmp"]["x-not-yet"]["values"] == ["drop"]
    assert "x-not-yet" not in pictures["layout"]
    assert "x-not-yet" in config_schema()["properties"]["redact"]
