"""Every manifest that is written holds against the published schema; hostile ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from memtiles.cli import run
from memtiles.errors import DamageError, MemtilesError, OlderVersionError, UsageError
from memtiles.manifest import manifest_schema, read_manifest
from reliability.builds import CONFIG, write_inputs
from sites import build_site

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "manifest.schema.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="ascii"))
    return content


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The manifest of `small_core` with a strip."""
    config = write_inputs(tmp_path_factory.mktemp("manifest"))
    config.write_text(CONFIG + "strips: [{name: poster, atlas: landscape}]\n")
    assert run(["build", str(config), "--quiet"]) == 0
    return (config.parent / "site" / "manifest.json").read_bytes()


def test_the_published_schema_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="ascii") == json.dumps(manifest_schema(), indent=2) + "\n"


def test_the_schema_is_one(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "pictures: {bits: 24}\n",
        "pictures: {layout: classic}\n",
        "regions: {group: mapping}\n",
        "overrides: [{match: {kind: module}, bits: 32}]\n",
        'atlases: [{name: wide, aspect: "4:1"}, {name: tall, aspect: "1:4"}]\n',
        "tiles: {size: 256, region_pyramids_from: 1GiB}\n",
        "strips: [{name: a, atlas: landscape}, {name: b, region: made up, format: bmp}]\n",
        "pictures: {lenses: [bytes, class, entropy]}\n",
        "pictures: {layout: hilbert}\natlases: [{name: a}, {name: b, layout: pages}]\n",
    ],
    ids=[
        "least",
        "24 bits",
        "classic",
        "mappings",
        "override",
        "two atlases",
        "no pyramids",
        "strips",
        "lenses",
        "layouts",
    ],
)
def test_manifests_hold_against_the_schema(
    tmp_path: Path, schema: dict[str, Any], more: str
) -> None:
    manifest = build_site(tmp_path, more) / "manifest.json"
    jsonschema.validate(
        json.loads(manifest.read_bytes()), schema, cls=jsonschema.Draft202012Validator
    )


def test_a_raw_dump_and_a_whole_small_one(tmp_path: Path, schema: dict[str, Any]) -> None:
    (tmp_path / "one byte").write_bytes(b"\x00")
    (tmp_path / "config.yaml").write_text(
        'dump: {path: one byte, format: raw, base: "0xffffffffffffffff"}\n'
    )
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    content = json.loads((tmp_path / "site" / "manifest.json").read_bytes())
    jsonschema.validate(content, schema, cls=jsonschema.Draft202012Validator)
    (region,) = content["regions"]
    assert (region["start"], region["size"], region["present"]) == ("0x" + "f" * 16, "0x1", "0x1")


def test_round_trip(text: bytes) -> None:
    assert read_manifest(text).to_json() == text


def test_the_script_is_the_same_object(text: bytes) -> None:
    script = read_manifest(text).to_script().decode("ascii")
    assert script.startswith("memtilesManifest = {")
    assert script.endswith("};\n")
    assert json.loads(script.removeprefix("memtilesManifest = ").removesuffix(";\n")) == json.loads(
        text
    )


def test_addresses_are_hex_strings_and_nothing_is_a_date(text: bytes) -> None:
    content = json.loads(text)
    starts = [region["start"] for region in content["regions"]]
    assert "0x7fff00000000" in starts
    assert all(start == hex(int(start, 16)) for start in starts)
    assert list(content) == sorted(content)
    assert not {"date", "time", "created", "built"} & set(content)


def set_key(*way: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one value deep inside a manifest."""

    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(
            set_key("pictures", 0, "path", value=path)
            for path in (
                "../../etc",
                "/etc",
                "pictures/../../etc",
                "pictures/..",
                "pictures/",
                "pictures/a/b",
                "pictures\\..\\x",
                "pictures/A",
                "pictures/x\n",
                "pictures/x\0",
                ".staging/x",
                "",
                None,
            )
        ),
        set_key("atlases", 0, "lenses", 0, "path", value="../site"),
        *(
            set_key("pictures", 0, "bmp", 0, "file", value=name)
            for name in ("../region.bmp", "/etc/passwd", "..", ".hidden", "a/b", "", "x\n")
        ),
        set_key("pictures", 0, "runs", "file", value="../../runs.json"),
        set_key("pictures", 0, "runs", "script", value="../x.js"),
        set_key("atlases", 0, "lenses", 0, "pyramid", "list", value="../tiles.sha256"),
        set_key("viewer", "../../x.js", value="0" * 64),
        set_key("viewer", "index.html", value="not a digest"),
        set_key("regions", 0, "start", value="4096"),
        set_key("regions", 0, "start", value="0xzz"),
        set_key("regions", 0, "start", value=1.5),
        set_key("regions", 0, "sha256", value="0" * 63),
        *(
            set_key("strips", 0, "path", value=path)
            for path in (
                "../site",
                "pictures/x",
                "strips/..",
                "strips/a/b",
                "strips/",
                "strips/x\n",
            )
        ),
        *(
            set_key("strips", 0, "file", value=name)
            for name in ("../region.bmp", "/etc/passwd", "..", ".hidden", "a/b", "", "x\n")
        ),
        set_key("strips", 0, "format", value="exe"),
        set_key("strips", 0, "dpi", value=0),
        set_key("strips", 0, "size", value="0x10"),
        set_key("pictures", 0, "bits", value=9),
        set_key("pictures", 0, "layout", value="hilbert"),
        set_key("atlases", 0, "layout", value="spiral"),
        set_key("atlases", 0, "lenses", value=[]),
        set_key("atlases", 0, "lenses", 0, "lens", value=1),
        set_key("atlases", 0, "lenses", 0, "lens", value=-1),
        set_key("lenses", value=[]),
        set_key("lenses", 0, "zoom", value="lowest"),
        set_key("lenses", 0, "legend", value=[{"colour": "red", "label": "a"}]),
        set_key("surprise", value=1),
        set_key("regions", 0, "surprise", value=1),
        set_key("regions", value={}),
    ],
)
def test_hostile_manifests(text: bytes, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(text)
    change(content)
    with pytest.raises(DamageError, match=r"manifest\.json: "):
        read_manifest(json.dumps(content).encode())


@pytest.mark.parametrize(
    "key", ["regions", "pictures", "lenses", "atlases", "dump", "title", "viewer"]
)
def test_a_missing_key(text: bytes, key: str) -> None:
    content = json.loads(text)
    del content[key]
    with pytest.raises(DamageError, match=key):
        read_manifest(json.dumps(content).encode())


@pytest.mark.parametrize("version", [1, 2])
def test_a_folder_of_an_older_version_is_to_be_built_again(text: bytes, version: int) -> None:
    with pytest.raises(OlderVersionError, match="build it again"):
        read_manifest(json.dumps({**json.loads(text), "version": version}).encode())


def test_an_unknown_version_is_a_matter_of_use(text: bytes) -> None:
    with pytest.raises(UsageError, match="use the memtiles that made it"):
        read_manifest(json.dumps({**json.loads(text), "version": 4}).encode())


@pytest.mark.parametrize("cut", [0, 1, 10, 1000, -3])
def test_a_cut_manifest(text: bytes, cut: int) -> None:
    with pytest.raises(MemtilesError):
        read_manifest(text[:cut])


def test_names_are_kept_as_they_are(tmp_path: Path) -> None:
    """Hostile names reach JSON, escaped, and no path."""
    name = "</script><b>\u2028 ..\\..\\évil"
    config = write_inputs(tmp_path)
    config.write_text(
        CONFIG + f"regions: {{ranges: [{{name: {json.dumps(name)}, range: 0x20000000+0x1000}}]}}\n"
    )
    assert run(["build", str(config), "--quiet"]) == 0
    text = (tmp_path / "site" / "manifest.json").read_bytes()
    assert text.isascii()
    content = json.loads(text)
    assert name in [region["name"] for region in content["regions"]]
    assert any(row["path"].startswith("pictures/script-b-vil-") for row in content["pictures"])
