import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.config import Atlas, Config, Live, Match, Pictures, Strip, load_config
from memtiles.config.lens_names import BUILT_IN
from memtiles.crop import Crop
from memtiles.errors import ConfigError
from memtiles.memory.dump import Kind
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures import layout
from memtiles.pictures.lenses import lens_names

WHOLE = """\
version: 1
dump: {path: MEMORY.DMP, format: auto, space: virtual}
maps: [{path: lm.txt, format: auto, rebase: 0x0}]
regions:
  group: mapping
  include: [{kind: module}, {name: "nt*"}]
  exclude: [{kind: heap}]
  ranges: [{name: hal, range: "fffff800`00800000 fffff800`0085e000"}]
redact: []
pictures: {bits: 16, layout: rows, width: 18400, lenses: [bytes], bmp: keep}
overrides: [{match: {name: hal}, layout: classic, bits: 32}]
atlases: [{name: landscape, style: landscape, aspect: "16:10"}]
strips:
- {name: middle, region: hal, crop: 100X310+105+0, dpi: 600, format: tif}
- {name: poster, atlas: landscape}
tiles: {size: 256, region_pyramids_from: 64KiB}
limits: {output: 1TiB}
output: out/
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is also the current one, so that messages start with the bare file name."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str) -> Config:
    Path("c.yaml").write_text(text, encoding="utf-8")
    return load_config(Path("c.yaml"))


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.exit_code == 2
    return str(caught.value).split("\n")


def test_the_least_config(folder: Path) -> None:
    config = load("dump: app.core\n")
    assert config.version == 1
    assert config.dump.path == folder / "app.core"
    assert (config.dump.format, config.dump.space, config.dump.base) == ("auto", None, None)
    assert config.dump.live is None
    for items in (config.maps, config.overrides, config.redact, config.strips):
        assert items == ()
    assert config.regions.group == "module"
    for items in (config.regions.include, config.regions.exclude, config.regions.ranges):
        assert items == ()
    assert config.pictures == Pictures(
        bits=8, layout="rows", width=None, lenses=("bytes",), bmp="keep"
    )
    assert [(one.name, one.style, one.aspect) for one in config.atlases] == [
        ("landscape", "landscape", (16, 9))
    ]
    assert (config.tiles.size, config.tiles.region_pyramids_from) == (512, None)
    assert config.tiles.engine == "fast"
    assert config.limits.output == 68719476736
    assert config.output == folder / "site"


def test_every_key(folder: Path) -> None:
    config = load(WHOLE)
    assert config.dump.space is SpaceKind.VIRTUAL
    assert [(one.path, one.format, one.rebase) for one in config.maps] == [
        (folder / "lm.txt", "auto", 0)
    ]
    assert config.regions.group == "mapping"
    assert [(one.name, one.kind) for one in config.regions.include] == [
        (None, Kind.MODULE),
        ("nt*", None),
    ]
    assert [one.kind for one in config.regions.exclude] == [Kind.HEAP]
    assert [(one.name, one.span) for one in config.regions.ranges] == [
        ("hal", Span(0xFFFFF80000800000, 0x5E001))
    ]
    assert (config.pictures.bits, config.pictures.width) == (16, 18400)
    (override,) = config.overrides
    assert (override.match.name, override.match.kind) == ("hal", None)
    assert (override.layout, override.bits, override.width) == ("classic", 32, None)
    assert config.atlases[0].aspect == (16, 10)
    middle, poster = config.strips
    assert (middle.name, middle.region, middle.atlas) == ("middle", "hal", None)
    assert (middle.crop, middle.dpi, middle.format) == (Crop(100, 310, 105, 0), 600, "tif")
    assert (poster.name, poster.region, poster.atlas) == ("poster", None, "landscape")
    assert (poster.crop, poster.dpi, poster.format) == (None, 300, "png")
    assert (config.tiles.size, config.tiles.region_pyramids_from) == (256, 65536)
    assert config.limits.output == 1099511627776
    assert config.output == folder / "out"


def test_a_config_never_changes(folder: Path) -> None:
    config = load(WHOLE)
    with pytest.raises(ValueError, match="frozen"):
        config.pictures.bits = 8
    assert hash(config) == hash(load(WHOLE))


def test_paths_are_relative_to_the_config_not_to_the_current_folder(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    text = "dump: {path: ../a.core}\nmaps: [{path: /b/lm.txt}]\noutput: out\n"
    (inner / "c.yaml").write_text(text)
    config = load_config(Path("inner/c.yaml"))
    assert config.dump.path == folder / "a.core"
    assert config.maps[0].path == Path("/b/lm.txt")
    assert config.output == inner / "out"
    assert config.output.is_absolute()


def test_a_byte_order_mark_and_windows_lines(folder: Path) -> None:
    Path("c.yaml").write_bytes(b"\xef\xbb\xbfdump: a\r\noutput: b\r\n")
    assert load_config(Path("c.yaml")).output == folder / "b"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0x1000", 0x1000),
        ("0XFFFFF80000800000", 0xFFFFF80000800000),
        ("0xfffff800`00800000", 0xFFFFF80000800000),
        ('"0085e000"', 0x85E000),
        ("'5e001'", 0x5E001),
        ('"140000000"', 0x140000000),
        ('"fffff800`00800000"', 0xFFFFF80000800000),
        ('"0n4096"', 4096),
    ],
)
def test_addresses_are_what_was_written(folder: Path, written: str, value: int) -> None:
    config = load(f"dump:\n  path: a\n  format: raw\n  base: {written}\n")
    assert config.dump.base == value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0085e000", "write 0x85e000 or quote it"),
        ("5e001", "write 0x5e001 or quote it"),
        ("140000000", 'write 0x140000000 (or "0n140000000" for decimal) or quote it'),
        ("0000000140000000", "write 0x140000000 or quote it"),
        ("fffff800`00800000", "write 0xfffff80000800000 or quote it"),
        ("0n16", "write 0x10 or quote it"),
        ("12:34:56", "a bare 12:34:56 can be misread; write 0x123456"),
        ("1:2:3:4:5:6:7:8:9:10:11:12:13:14", "is not an address; write 0x and hex digits"),
        ("f000:fff0", "'f000:fff0' is not an address; write 0x and hex digits"),
        ("0o17", "'0o17' is not an address; write 0x and hex digits"),
        ("1_000", "'1_000' is not an address; write 0x and hex digits"),
        ("1.5", "'1.5' is not an address; write 0x and hex digits"),
    ],
)
def test_bare_addresses_are_refused(folder: Path, written: str, meant: str) -> None:
    (line,) = mistakes(f"dump:\n  path: a\n  format: raw\n  base: {written}\n")
    assert line.startswith("c.yaml:4: dump.base: ")
    assert meant in line


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("0xfffff80000800000..0xfffff8000085e000", Span(0xFFFFF80000800000, 0x5E000)),
        ("0x1000 L20", Span(0x1000, 0x20)),
        ("0x1000 L?20", Span(0x1000, 0x20)),
        ("0x1000 L-20", Span(0xFE0, 0x20)),
        ("0x1000 2000", Span(0x1000, 0x1001)),
        ("0x1000+0x20", Span(0x1000, 0x20)),
        ('"00800000 0085e000"', Span(0x800000, 0x5E001)),
    ],
)
def test_ranges(folder: Path, written: str, span: Span) -> None:
    config = load(f"dump: a\nregions:\n  ranges:\n  - name: r\n    range: {written}\n")
    assert config.regions.ranges[0].span == span
    inline = load(f"dump: a\nregions: {{ranges: [{{range: {written}, name: r}}]}}\n")
    assert inline.regions == config.regions


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("00800000 0085e000", "write 0x800000..0x85e001 or quote it"),
        ("1000 L20", "write 0x1000..0x1020 or quote it"),
        ("12:34:56", "can be misread; write 0x123456, and give it an end; write START END"),
        ("140000000", 'a bare 140000000 can be misread; write 0x140000000 (or "0n140000000" for'),
        ("140000000", " for decimal), and give it an end; write START END (WinDbg's: END is in"),
        ("5e001", "a bare 5e001 can be misread; write 0x5e001, and give it an end; write START"),
        ('"140000000"', "'140000000' has no end; write START END"),
        ("hal.dll", "'hal.dll' is not a range; write START END"),
        ("0x1000", "'0x1000' has no end; write START END"),
        ('"2000 1000"', "ends before it starts"),
        ("[0x1000, 0x2000]", "must be text, not a list"),
    ],
)
def test_ranges_refused(folder: Path, written: str, wrong: str) -> None:
    (line,) = mistakes(f"dump: a\nregions:\n  ranges:\n  - name: r\n    range: {written}\n")
    assert line.startswith("c.yaml:5: regions.ranges[0].range: ")
    assert wrong in line


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=50)
def test_a_hint_is_the_number_that_was_written(value: int) -> None:
    bare = f"{value:x}".rjust(16, "0")
    with pytest.raises(ValueError, match="can be misread") as caught:
        Config.model_validate({"dump": {"path": "a", "format": "raw", "base": plain(bare)}})
    assert f"write {value:#x} " in str(caught.value)


def plain(text: str) -> str:
    from memtiles.config.source import Scalar

    return Scalar(text, plain=True)


@pytest.mark.parametrize(
    ("written", "value"), [("-0x140000000", -0x140000000), ("0x10", 16), ('"-`10"', None)]
)
def test_rebase_moves_both_ways(folder: Path, written: str, value: int | None) -> None:
    text = f"dump: a\nmaps:\n- path: m\n  rebase: {written}\n"
    if value is None:
        assert mistakes(text)[0].startswith("c.yaml:4: maps[0].rebase: '`10' has a misplaced")
    else:
        assert load(text).maps[0].rebase == value


MISTAKES = {
    "unknown key": ("dump: a\npictuers: {}\n", 2, "pictuers: is not a key; did you mean pictures?"),
    "unknown inner key": (
        "dump: a\npictures:\n  colour: 8\n",
        3,
        "pictures.colour: is not a key; keys here are bits, layout, width, lenses, bmp",
    ),
    "unknown key in a list": (
        "dump: a\nregions:\n  ranges:\n  - {name: a, range: 0x1 L1}\n"
        "  - {name: b, range: 0x1 L1, nme: c}\n",
        5,
        "regions.ranges[1].nme: is not a key; did you mean name?",
    ),
    "unknown key that is no word": ('dump: a\n"b\\nc.d": 1\n', 2, "'b\\nc.d': is not a key"),
    "missing dump": ("output: a\n", 1, "dump: is missing"),
    "missing range": (
        "dump: a\nregions:\n  ranges:\n    - name: a\n",
        4,
        "regions.ranges[0].range: is missing; keys here are name, range",
    ),
    "missing match": ("dump: a\noverrides:\n- bits: 8\n", 3, "overrides[0].match: is missing"),
    "duplicate": (
        "dump: a\noutput: b\ndump: c\n",
        3,
        "dump: is here a second time, after line 1; remove one of the two",
    ),
    "empty value": ("dump: a\nmaps:\n", 2, "maps: has no value; give it one or remove the key"),
    "null": ("dump: a\noutput: null\n", 2, "output: has no value"),
    "empty item": ("dump: a\nmaps:\n- path: a\n-\n", 4, "maps[1]: has no value"),
    "empty text": ('dump: ""\n', 1, "dump.path: is empty"),
    "NUL in a path": ('dump: "a\\0b"\n', 1, "dump.path: 'a\\x00b' has a control character"),
    "surrogate": ('dump: "\\ud800"\n', 1, "dump.path: '\\ud800' has a control character"),
    "long text": (f"dump: {'a' * 4097}\n", 1, "dump.path: is longer than 4096"),
    "no list": ("dump: a\nmaps: lm.txt\n", 2, "maps: must be a list"),
    "a mapping for a list": ("dump: a\nmaps: {path: a}\n", 2, "maps: must be a list"),
    "no mapping": ("dump: a\ntiles: 512\n", 2, "tiles: must be a mapping with keys of size, "),
    "no mapping in a list": ("dump: a\nmaps: [a]\n", 2, "maps[0]: must be a mapping with keys of"),
    "a list for text": ("dump: a\noutput: [a]\n", 2, "output: must be text, not a list"),
    "a mapping for text": ("dump: a\noutput: {}\n", 2, "output: must be text, not a mapping"),
    "version": ("version: 2\ndump: a\n", 1, "version: '2' must be 1"),
    "path and live": (
        "dump:\n  path: a\n  live: {pid: 1}\n",
        2,
        "dump.path: cannot stand beside live; remove one of the two",
    ),
    "neither path nor live": ("dump: {format: raw}\n", 1, "dump.path: is missing; give path: FILE"),
    "live of another format": (
        "dump:\n  format: raw\n  live: {pid: 1}\n",
        3,
        "dump.live: is of format process, not raw",
    ),
    "live without a process": ("dump: {live: {}}\n", 1, "dump.live.pid_file: is missing; give pid"),
    "two processes": (
        "dump:\n  live:\n    pid: 1\n    pid_file: a\n",
        4,
        "dump.live.pid_file: cannot stand beside pid",
    ),
    "pid": ("dump: {live: {pid: 0}}\n", 1, "dump.live.pid: '0' must be a whole number from 1 to"),
    "base of another format": (
        "dump:\n  path: a\n  base: 0x1000\n",
        3,
        "dump.base: is only for format raw, not auto",
    ),
    "format": ("dump: {path: a, format: ELF}\n", 1, "dump.format: 'ELF' must be 1 to 40 of a-z"),
    "space": (
        "dump: {path: a, space: virtul}\n",
        1,
        "dump.space: 'virtul' must be one of virtual, physical; did you mean virtual?",
    ),
    "group": ("dump: a\nregions: {group: page}\n", 2, "regions.group: 'page' must be one of"),
    "kind": (
        "dump: a\nregions:\n  include:\n  - kind: modul\n",
        4,
        "regions.include[0].kind: 'modul' must be one of module, heap, stack, file, anonymous, "
        "kernel, range; did you mean module?",
    ),
    "match of nothing": (
        "dump: a\nregions:\n  exclude:\n  - {}\n",
        4,
        "regions.exclude[0]: fits nothing; give name, kind or both",
    ),
    "range without a name": (
        'dump: a\nregions:\n  ranges:\n  - {name: "", range: 0x1 L1}\n',
        4,
        "regions.ranges[0].name: is empty",
    ),
    "bits": ("dump: a\npictures: {bits: 9}\n", 2, "pictures.bits: '9' must be one of 8, 16, 24"),
    "layout": (
        "dump: a\npictures: {layout: row}\n",
        2,
        "pictures.layout: 'row' must be one of rows, classic, hilbert, pages; did you mean rows?",
    ),
    "width": (
        "dump: a\npictures: {width: -1}\n",
        2,
        "pictures.width: '-1' must be auto, find or a whole number from 1 to 65536",
    ),
    "width that pads": (
        "dump: a\npictures:\n  width: 358\n  bits: 24\n",
        3,
        "pictures.width: 358 at 24 bits needs padded rows; use a multiple of 4",
    ),
    "width of classic": (
        "dump: a\npictures:\n  layout: classic\n  width: 64\n",
        4,
        "pictures.width: is not for layout classic",
    ),
    "override of nothing": (
        "dump: a\noverrides:\n- match: {name: a}\n",
        3,
        "overrides[0]: changes nothing; give layout, bits, width or offset",
    ),
    "override's width": (
        "dump: a\noverrides:\n- {match: {name: a}, bits: 8}\n- match: {name: b}\n  width: 6\n",
        5,
        "overrides[1].width: 6 at 8 bits needs padded rows; use a multiple of 4",
    ),
    "override's width of classic": (
        "dump: a\npictures: {layout: classic}\noverrides:\n- match: {name: b}\n  width: 8\n",
        5,
        "overrides[0].width: is not for layout classic",
    ),
    "override's bits": (
        "dump: a\npictures: {bits: 32, width: 5}\noverrides:\n- match: {name: b}\n  bits: 16\n",
        5,
        "overrides[0].bits: does not go with pictures.width, which 5 at 16 bits needs padded",
    ),
    "lens": (
        "dump: a\npictures:\n  lenses: [bites]\n",
        3,
        "pictures.lenses[0]: 'bites' is no lens; did you mean bytes?; there are bytes, class, ",
    ),
    "lens with a number": (
        "dump: a\npictures:\n  lenses: [entrpy:1024]\n",
        3,
        "pictures.lenses[0]: 'entrpy:1024' is no lens; did you mean entropy?",
    ),
    "lens with no number": (
        'dump: a\npictures:\n  lenses: ["entropy:"]\n',
        3,
        "pictures.lenses[0]: 'entropy:' is no lens; did you mean entropy?",
    ),
    "lens twice": ("dump: a\npictures: {lenses: [bytes, bytes]}\n", 2, "pictures.lenses: names a"),
    "no lens": ("dump: a\npictures: {lenses: []}\n", 2, "pictures.lenses: is an empty list"),
    "no atlas": ("dump: a\natlases: []\n", 2, "atlases: is an empty list"),
    "atlas name": (
        "dump: a\natlases:\n- name: My Atlas\n",
        3,
        "atlases[0].name: 'My Atlas' must be 1 to 40 of a-z, 0-9 and -",
    ),
    "atlas name twice": (
        "dump: a\natlases:\n- name: a\n- name: b\n- name: a\n",
        5,
        "atlases[2].name: a is another atlas's name; names must differ",
    ),
    "aspect": (
        "dump: a\natlases:\n- name: a\n  aspect: 1.5\n",
        4,
        "atlases[0].aspect: '1.5' must be \"WIDTH:HEIGHT\" in whole numbers",
    ),
    "aspect of nothing": ("dump: a\natlases: [{name: a, aspect: 0:1}]\n", 2, "atlases[0].aspect"),
    "aspect too flat": (
        "dump: a\natlases: [{name: a, aspect: 101:1}]\n",
        2,
        "atlases[0].aspect: '101:1' must lie between 1:100 and 100:1",
    ),
    "aspect too steep": (
        "dump: a\natlases: [{name: a, aspect: 1:101}]\n",
        2,
        "atlases[0].aspect: '1:101' must lie between 1:100 and 100:1",
    ),
    "tile size": ("dump: a\ntiles: {size: 500}\n", 2, "tiles.size: '500' must be one of 256, 512"),
    "size": (
        "dump: a\ntiles: {region_pyramids_from: 1MB}\n",
        2,
        "tiles.region_pyramids_from: '1MB' has the unit 'MB'; MiB is meant?",
    ),
    "no output": ("dump: a\nlimits: {output: 0}\n", 2, "limits.output: must be at least one byte"),
    "not yet: redact": ("dump: a\nredact:\n- {nam: x}\n", 2, "redact: is not there yet; leave"),
    "cr3": ("dump:\n  path: a\n  cr3: none\n", 3, "dump.cr3: 'none' is not an address"),
    "misspelt layout": (
        "dump: a\npictures: {layout: hilbrt}\n",
        2,
        "pictures.layout: 'hilbrt' must be one of rows, classic, hilbert, pages; did you mean hil",
    ),
    "layout of an override": (
        "dump: a\noverrides:\n- match: {kind: heap}\n  layout: pages\n",
        4,
        "overrides[0].layout: 'pages' must be one of rows, classic",
    ),
    "layout of an atlas": (
        "dump: a\natlases:\n- name: a\n  layout: classic\n",
        4,
        "atlases[0].layout: 'classic' must be one of rows, hilbert, pages",
    ),
    "width in a layout of pages": (
        "dump: a\npictures:\n  layout: pages\n  width: 64\n",
        4,
        "pictures.width: is not for layout pages",
    ),
    "not yet: lens": (
        "dump: a\npictures:\n  lenses:\n  - bytes\n  - diff\n",
        5,
        "pictures.lenses[1]: 'diff' is not there yet; use one of the others",
    ),
    "width that is found in layout classic": (
        "dump: a\npictures: {layout: classic, width: find}\n",
        2,
        "pictures.width: is not for layout classic",
    ),
    "offset": (
        "dump: a\noverrides:\n- match: {kind: heap}\n  offset: 1kb\n",
        4,
        "overrides[0].offset: '1kb' has the unit",
    ),
    "not yet: bmp": ("dump: a\npictures: {bmp: drop}\n", 2, "pictures.bmp: 'drop' is not there"),
    "not yet: style": (
        "dump: a\natlases:\n- name: a\n  style: strata\n",
        4,
        "atlases[0].style: 'strata' is not there yet; use landscape",
    ),
    "anchor": ("dump: &a b\n", 1, "dump: has an anchor (&name); write it without"),
    "alias": ("dump: a\noutput: *a\n", 2, "output: has an alias (*name); write the value out"),
    "tag": ("dump: !!str a\n", 1, "dump: has a tag (!name); write the value without it"),
    "merge key": ("dump: a\ntiles:\n  <<: {size: 256}\n", 3, "tiles: has a merge key (<<)"),
    "key that is a list": ("dump: a\n? [b, c]\n: d\n", 2, "has a key that is not a word"),
    "key that is an alias": ("dump: a\n*b : d\n", 2, "has a key that is not a word"),
    "key with an anchor": ("dump: a\n&b output: d\n", 2, "has an anchor or tag at a key"),
    "second document": ("dump: a\n---\ndump: b\n", 2, "a second document starts here"),
    "deep": (f"dump: a\nmaps: {'[' * 50}\n", 2, "maps[0][0][0]: is nested more than 16 deep"),
    "empty": ("", 1, "is empty; the least config is dump: FILE"),
    "comments": ("# dump: a\n", 1, "is empty; the least config is dump: FILE"),
    "only a word": ("app.core\n", 1, "holds no keys; the least config is dump: FILE"),
    "only a list": ("- dump: a\n", 1, "holds no keys; the least config is dump: FILE"),
    "leading backtick": (
        "dump:\n  path: a\n  base: `00800000\n",
        3,
        "is not YAML: found character '`' that cannot start any token; quote addresses "
        "and ranges in WinDbg's form",
    ),
    "tab": ("dump:\n\tpath: a\n", 2, "is not YAML: found character"),
    "unclosed quote": (
        'dump: a\noutput: "b\n',
        3,
        "is not YAML: found unexpected end of stream while scanning a quoted scalar that starts "
        "in line 2",
    ),
    "unclosed bracket": ("dump: a\nmaps: [\noutput: b\n", 4, "is not YAML: "),
    "control character": ("dump: a\noutput: b\x01\n", 2, "has the character '\\x01'; remove it"),
    "another YAML": ("# 1\n%YAML 1.1\n---\ndump: a\n", 3, "is said to be another YAML than 1.2"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_is_one_line(folder: Path, name: str) -> None:
    text, number, words = MISTAKES[name]
    (line,) = mistakes(text)
    assert line.startswith(f"c.yaml:{number}: {words}")


def test_lenses_are_names_names_with_numbers_and_paths(folder: Path) -> None:
    """A path is relative to the config, as all are."""
    text = "dump: a\npictures: {lenses: [class, bytes, entropy:1024, x/../my_lens.py]}\n"
    assert load(text).pictures.lenses == (
        "class",
        "bytes",
        "entropy:1024",
        str(folder / "my_lens.py"),
    )


def test_names_of_lenses_are_those_of_the_pictures(folder: Path) -> None:
    assert lens_names() == BUILT_IN
    for name in lens_names():
        assert load(f"dump: a\npictures: {{lenses: [{name}]}}\n").pictures.lenses == (name,)


def test_all_mistakes_are_told_in_the_order_of_the_file(folder: Path) -> None:
    text = (
        "dump: {pth: a, base: 5e001}\n"
        "pictures:\n"
        "  bits: 9\n"
        "  bits: 8\n"
        "  layout: hilbrt\n"
        "  lenses: [foo]\n"
        "tiles: &t {size: 1}\n"
        "redact: [{nme: 1}]\n"
        "output:\n"
    )
    starts = [line.split(": ")[0:2] for line in mistakes(text)]
    assert starts == [
        ["c.yaml:1", "dump.path"],
        ["c.yaml:1", "dump.base"],
        ["c.yaml:1", "dump.pth"],
        ["c.yaml:3", "pictures.bits"],
        ["c.yaml:4", "pictures.bits"],
        ["c.yaml:5", "pictures.layout"],
        ["c.yaml:6", "pictures.lenses[0]"],
        ["c.yaml:7", "tiles"],
        ["c.yaml:7", "tiles.size"],
        ["c.yaml:8", "redact"],
        ["c.yaml:9", "output"],
    ]


def test_many_mistakes_are_counted(folder: Path) -> None:
    lines = mistakes("dump: a\n" + "".join(f"key{number}: 1\n" for number in range(80)))
    assert len(lines) == 51
    assert lines[0].startswith("c.yaml:2: key0: ")
    assert lines[49].startswith("c.yaml:51: key49: ")
    assert lines[50] == "c.yaml: and 30 more mistakes"


def test_a_file_of_commas_is_not_read_to_its_end(folder: Path) -> None:
    (line,) = mistakes("dump: a\nmaps: [" + "1," * 160_000 + "]\n")
    assert line.startswith("c.yaml:2: maps[")
    assert "is value number 150,000 of the file" in line


def test_no_file_a_directory_and_an_unreadable_name(folder: Path) -> None:
    (folder / "d").mkdir()
    for name, words in {
        "no.yaml": "no.yaml: no such file; give the path of a config file",
        "d": "d: is a directory; give the config file in it",
        "a" * 300: f"{'a' * 300}: cannot be read: ",
        "a\0b": "a\0b: cannot be read: ",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load_config(Path(name))
        assert str(caught.value).startswith(words)


def test_a_file_that_is_not_utf8_or_too_large(folder: Path) -> None:
    Path("c.yaml").write_bytes(b"dump: a\noutput: \xff\n")
    with pytest.raises(ConfigError, match=r"^c\.yaml:2: is not UTF-8 text; save the file as UTF-8"):
        load_config(Path("c.yaml"))
    Path("c.yaml").write_bytes("dump: a\n".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"^c\.yaml:1: is not UTF-8"):
        load_config(Path("c.yaml"))
    Path("c.yaml").write_bytes(b"dump: a\n" + b"#" * (1 << 20))
    with pytest.raises(ConfigError, match=r"^c\.yaml: is larger than 1 MiB"):
        load_config(Path("c.yaml"))


@given(st.text(alphabet=" \n\t:-[]{}&*!?#,'\"|>%@`~0x<ad.mpus", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_config_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    wrong = ""
    try:
        load_config(path)
    except ConfigError as error:
        wrong = str(error)
    assert all(line.startswith(f"{path}:") for line in wrong.splitlines())


def test_a_live_process(folder: Path) -> None:
    live = load("dump: {live: {pid: 1234}}\n").dump.live
    assert live is not None
    assert live.find_pid() == 1234
    live = load("dump:\n  format: process\n  live:\n    pid_file: demo.pid\n").dump.live
    assert live is not None
    assert live.pid_file == folder / "demo.pid"
    with pytest.raises(ConfigError, match=r"demo\.pid: No such file.*; start the process"):
        live.find_pid()
    for text in ("", "abc", "0", "99999999999", "-1", "1 2"):
        (folder / "demo.pid").write_text(text)
        with pytest.raises(ConfigError, match="does not hold the number of a process"):
            live.find_pid()
    (folder / "demo.pid").write_text(" 4321\n")
    assert live.find_pid() == 4321
    assert Live(pid=7).find_pid() == 7


@pytest.mark.parametrize(
    ("match", "name", "kind", "expected"),
    [
        (Match(name="nt*"), "NTDLL.dll", Kind.MODULE, True),
        (Match(name="NT?l.*"), "ntdll.dll", Kind.MODULE, False),
        (Match(name="NT??l.*"), "ntdll.dll", Kind.MODULE, True),
        (Match(name="hal"), "hal.dll", Kind.MODULE, False),
        (Match(kind=Kind.HEAP), "", Kind.HEAP, True),
        (Match(kind=Kind.HEAP), "", Kind.STACK, False),
        (Match(name="a", kind=Kind.HEAP), "a", Kind.STACK, False),
        (Match(name="a", kind=Kind.HEAP), "b", Kind.HEAP, False),
        (Match(name="a", kind=Kind.HEAP), "A", Kind.HEAP, True),
    ],
)
def test_matches(match: Match, name: str, kind: Kind, expected: bool) -> None:
    assert match.matches(name, kind) is expected


@pytest.mark.parametrize(
    ("match", "name", "expected"),
    [
        ("[heap]", "[heap]", True),
        ("[HEAP]", "[heap]", True),
        ("[heap]", "h", False),
        ("[anon:*]", "[anon:stack]", True),
        ("[!a]", "b", False),
        ("MEM.[a-c]in", "mem.[A-C]IN", True),
        ("MEM.[a-c]in", "MEM.bin", False),
        ("MEM.[a-c]in", "MEM_[a-c]in", False),
        ("a\\*", "a\\b", True),
        ("a\\*", "a*", False),
    ],
)
def test_brackets_in_a_name_are_brackets(match: str, name: str, expected: bool) -> None:
    assert Match(name=match).matches(name, Kind.HEAP) is expected


def test_an_asterisk_stands_for_newlines_too() -> None:
    """A path may have them, and is not to escape an `exclude` thereby."""
    assert Match(name="/tmp/*.so").matches("/tmp/a\nb\n.so", Kind.MODULE)
    assert Match(name="a?b").matches("a\nb", Kind.MODULE)
    assert not Match(name="a").matches("a\n", Kind.MODULE)


@given(st.text(alphabet="ab*?", min_size=1, max_size=8), st.text(alphabet="ab", max_size=8))
def test_asterisks_and_question_marks(match: str, name: str) -> None:
    def fits(match: str, name: str) -> bool:
        if match.startswith("*"):
            return fits(match[1:], name) or (name != "" and fits(match, name[1:]))
        if match == "" or name == "":
            return match == name
        return match[0] in ("?", name[0]) and fits(match[1:], name[1:])

    assert Match(name=match).matches(name, Kind.MODULE) is fits(match, name)


def test_a_name_that_nearly_fits_is_told_at_once() -> None:
    """Trying every place for every asterisk would not end today."""
    assert not Match(name="*a" * 20 + "*b").matches("a" * 4096, Kind.MODULE)


@pytest.mark.parametrize(
    ("override", "layout_name", "bits", "width"),
    [
        ("bits: 32", "rows", 32, 100),
        ("width: 64", "rows", 8, 64),
        ("width: auto", "rows", 8, None),
        ("width: find", "rows", 8, "find"),
        ("offset: 4KiB", "rows", 8, 100),
        ("layout: classic", "classic", 8, None),
    ],
)
def test_overrides(
    folder: Path, override: str, layout_name: str, bits: int, width: int | None
) -> None:
    config = load(
        f"dump: a\npictures: {{width: 100}}\noverrides: [{{match: {{name: a}}, {override}}}]\n"
    )
    drawn = config.pictures.overridden(config.overrides[0])
    assert (drawn.layout, drawn.bits, drawn.width) == (layout_name, bits, width)


def test_layouts_and_bits_are_those_of_the_pictures(folder: Path) -> None:
    for name in layout.BMP_LAYOUTS:
        for bits in layout.BITS:
            step = layout.width_step(bits)
            text = f"dump: a\npictures: {{layout: {name}, bits: {bits}}}\n"
            assert (load(text).pictures.layout, load(text).pictures.bits) == (name, bits)
            assert load(f"dump: a\npictures: {{bits: {bits}, width: {step}}}\n").pictures.width
            for width in range(1, step):
                assert mistakes(f"dump: a\npictures: {{bits: {bits}, width: {width}}}\n")


def test_layouts_of_atlases(folder: Path) -> None:
    """Only BMPs can be classic, and all layouts but that can be an atlas's own."""
    config = load(
        "dump: a\npictures: {layout: hilbert}\n"
        "atlases: [{name: a}, {name: b, layout: rows}, {name: c, layout: pages}]\n"
    )
    assert (config.pictures.layout, config.pictures.bmp_layout) == ("hilbert", "rows")
    assert [one.layout for one in config.atlases] == [None, "rows", "pages"]
    classic = load("dump: a\npictures: {layout: classic}\n").pictures
    assert (classic.layout, classic.bmp_layout) == ("classic", "classic")
    for name in layout.LAYOUTS:
        assert load(f"dump: a\npictures: {{layout: {name}}}\n").pictures.layout == name


def test_a_config_made_in_code() -> None:
    config = Config.model_validate(
        {
            "dump": "a",
            "regions": {"ranges": [{"name": "r", "range": Span(1, 2)}]},
            "atlases": (Atlas(name="a", aspect=(4, 3)),),
            "strips": (Strip(name="s", atlas="a", crop=Crop(1, 2, 3, 4)),),
        }
    )
    assert config.dump.path == Path("a")
    assert config.regions.ranges[0].span == Span(1, 2)
    assert config.strips[0].crop == Crop(1, 2, 3, 4)
    with pytest.raises(ValueError, match="redact"):
        Config.model_validate({"dump": "a", "redact": [{"name": "secret"}]})


def test_importing_the_config_does_not_load_the_yaml_library() -> None:
    code = "import sys, memtiles.config; sys.exit('ruamel.yaml' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_widths_that_are_to_be_found_and_offsets(folder: Path) -> None:
    config = load(
        "dump: a\npictures: {width: find}\noverrides:\n"
        "- {match: {name: a}, width: find, offset: 0x36}\n- {match: {name: b}, offset: 1KiB}\n"
    )
    assert config.pictures.width == "find"
    assert [(one.width, one.offset) for one in config.overrides] == [("find", 54), (None, 1024)]
