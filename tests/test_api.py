"""The Python API, against the bytes of the made-up process and the files of the commands."""

from __future__ import annotations

import ctypes
import gzip
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import memtiles
from memtiles.cli import run
from memtiles.errors import (
    AddressError,
    ConfigError,
    DumpError,
    LayoutError,
    LimitError,
    UnknownFormatError,
    UsageError,
)
from sites import PAGE, expected_colour, made_up_process
from test_imports import HEAVY

PROGRAM = 0x55_5555_554000
HEAP = memtiles.Span(0x55_5600_0000_00, 1_304_576)
LIBRARY = memtiles.Span(0x7FFF_F7A0_0000, 184 * PAGE)
CORE, MEMORY = made_up_process()


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "app.core"
    path.write_bytes(CORE)
    return path


@pytest.fixture(scope="module")
def dump(core: Path) -> Iterator[memtiles.Dump]:
    with memtiles.open(core) as dump:
        yield dump


def expected(span: memtiles.Span) -> tuple[bytes, list[bool]]:
    """The bytes of a span with zeros in its holes, and which of them are there."""
    data, present = bytearray(span.size), [False] * span.size
    for load in MEMORY.loads:
        start, end = max(load.vaddr, span.start), min(load.vaddr + len(load.data), span.end)
        if start < end:
            data[start - span.start : end - span.start] = load.data[start - load.vaddr :][
                : end - start
            ]
            present[start - span.start : end - span.start] = [True] * (end - start)
    return bytes(data), present


# -------------------------------------------------------------------------------------- the names


def test_the_import_loads_nothing() -> None:
    program = (
        "import sys, memtiles\n"
        "ours = sorted(name for name in sys.modules if name.startswith('memtiles'))\n"
        f"print(ours, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['memtiles', 'memtiles.errors'] []\n"


def test_reading_loads_neither_the_config_nor_libvips(core: Path) -> None:
    program = (
        "import sys, memtiles\n"
        "with memtiles.open(sys.argv[1]) as dump: dump.read(dump.regions[0])\n"
        "print([name for name in ('pydantic', 'ruamel', 'pyvips') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, core], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_every_name_is_there_and_no_other() -> None:
    for name in set(memtiles.__all__) - {"Where"}:
        assert getattr(memtiles, name).__name__ == name
    assert memtiles.Span in get_args(memtiles.Where)
    assert set(memtiles.__all__) <= set(dir(memtiles))
    with pytest.raises(AttributeError, match="'memtiles' has no attribute 'opne'"):
        memtiles.opne  # type: ignore[attr-defined]  # noqa: B018


def test_no_module_of_the_package_takes_the_place_of_a_name() -> None:
    """Importing `memtiles.x` sets the attribute `x`: a module of a public name would hide it."""
    package = Path(memtiles.__file__).parent
    assert not {path.stem for path in package.iterdir()} & set(memtiles.__all__)
    program = (
        "import memtiles.cli.commands.build, memtiles.pipeline, memtiles, memtiles.api.build\n"
        "print(callable(memtiles.build), callable(memtiles.open), open.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True", open.__module__]


# ------------------------------------------------------------------------------------ what it is


def test_what_a_dump_says_of_itself(dump: memtiles.Dump) -> None:
    assert (dump.name, dump.format, dump.size) == ("app.core", "elf-core", len(CORE))
    assert (dump.machine, dump.address_bits, dump.spaces) == ("x86-64", 64, ("virtual",))
    assert [(one.name, one.span.start) for one in dump.modules] == [
        ("made up", PROGRAM),
        ("libmade.so.6", LIBRARY.start),
    ]
    assert repr(dump) == f"<memtiles.Dump 'app.core': elf-core, {len(CORE):,} bytes>"
    assert dump.warnings == ()


def test_the_same_regions_as_info_lists(
    dump: memtiles.Dump, core: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(core), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["regions"]
    assert [
        {
            "name": one.name,
            "kind": one.kind,
            "start": hex(one.span.start),
            "size": hex(one.span.size),
            "protection": one.protection,
            "present": dump.runs(one).total,
            "missing": {reason: runs.total for reason, runs in dump.holes(one).items()},
        }
        for one in dump.regions
    ] == listed


def test_a_region_by_name_and_by_address(dump: memtiles.Dump) -> None:
    library = dump.region("libmade.so.6")
    assert library.span == LIBRARY
    for same in ("LIBMADE.SO.6", LIBRARY.start, LIBRARY.end - 1, "0x00007fff`f7a00001"):
        assert dump.region(same) is library
    assert dump.region(0xFFFF_FFFF_FF60_0FFF).span.end == 0xFFFF_FFFF_FF60_1000


def test_warnings_tell_of_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "cut.core").write_bytes(CORE[:-5000])
    with memtiles.open(tmp_path / "cut.core") as dump:
        (line,) = dump.warnings
    assert "5000 bytes are missing" in line


# --------------------------------------------------------------------------------------- reading


def test_bytes_and_holes_of_a_whole_module(dump: memtiles.Dump) -> None:
    data, present = expected(LIBRARY)
    assert False in present
    for where in (dump.region("libmade.so.6"), dump.modules[1], LIBRARY, str(LIBRARY)):
        memory = dump.read(where)
        assert memory.data.dtype == np.uint8
        assert memory.data.tobytes() == data
        assert memory.present.tolist() == present
        assert dump.runs(where) == memory.runs
    assert sum(size for _, size in memory.runs) == sum(present)


def test_a_range_in_the_words_of_windbg(dump: memtiles.Dump) -> None:
    data, _ = expected(memtiles.Span(PROGRAM, 16))
    for text in ("00005555`55554000 L10", "555555554000 55555555400f"):
        assert dump.read(text).data.tobytes() == data


@settings(deadline=None)
@given(data=st.data(), size=st.integers(1, 48))
def test_reading_at_once_is_reading_byte_by_byte(
    dump: memtiles.Dump, data: st.DataObject, size: int
) -> None:
    edges = [edge for load in MEMORY.loads for edge in (load.vaddr, load.vaddr + len(load.data))]
    edges += [0, 2**64]
    near = data.draw(st.sampled_from(edges)) + data.draw(st.integers(-64, 64))
    span = memtiles.Span(min(max(near, 0), 2**64 - size), size)
    memory = dump.read(span)
    single = [dump.read(memtiles.Span(span.start + i, 1)) for i in range(size)]
    assert memory.data.tolist() == [one.data[0] for one in single]
    assert memory.present.tolist() == [bool(one.present[0]) for one in single]
    assert (memory.data.tobytes(), memory.present.tolist()) == expected(span)


@settings(deadline=None)
@given(size=st.integers(1000, 300_000))
def test_blocks_are_what_is_present(dump: memtiles.Dump, size: int) -> None:
    data, present = expected(LIBRARY)
    seen = [False] * LIBRARY.size
    end = LIBRARY.start
    for address, block in dump.blocks(LIBRARY, size):
        assert address >= end
        assert 0 < len(block.data) <= size
        assert block.present.all()
        start = address - LIBRARY.start
        end = address + len(block.data)
        assert block.data.tobytes() == data[start : start + len(block.data)]
        seen[start : start + len(block.data)] = [True] * len(block.data)
    assert seen == present


def test_all_addresses_there_are_in_blocks_but_not_at_once(dump: memtiles.Dump) -> None:
    everything = memtiles.Span(0, 2**64)
    held = sum(len(block.data) for _, block in dump.blocks(everything))
    assert held == sum(len(load.data) for load in MEMORY.loads)
    with pytest.raises(LimitError, match="take blocks"):
        dump.read(everything)
    with pytest.raises(LimitError, match="17 bytes and at most 16"):
        dump.read(memtiles.Span(0, 17), limit=16)
    assert len(dump.read(memtiles.Span(0, 16), limit=16).data) == 16


# --------------------------------------------------------------------------------- what it writes


@pytest.mark.parametrize("ending", ["bmp", "png", "tif"])
@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", {}),
        ("--region libmade.so.6", {}),
        (f"--range {HEAP} --width 512", {"width": 512}),
        ("--region libmade.so.6 --bits 8 --layout rows", {"bits": 8, "layout": "rows"}),
    ],
)
def test_the_same_pictures_as_the_command(
    dump: memtiles.Dump, core: Path, tmp_path: Path, words: str, options: Any, ending: str
) -> None:
    where: memtiles.Where | None = None
    if words:
        where = HEAP if words.startswith("--range") else dump.region("libmade.so.6")
    ours, theirs = tmp_path / f"ours.{ending}", tmp_path / f"theirs.{ending}"
    made = dump.picture(ours, where, **options)
    assert run(["picture", str(core), str(theirs), *words.split()]) == 0
    assert made.files == (str(ours),)
    assert ours.read_bytes() == theirs.read_bytes()


def test_the_pixels_are_the_bytes(dump: memtiles.Dump, tmp_path: Path) -> None:
    made = dump.picture(tmp_path / "library.png", LIBRARY, width=512)
    assert (made.shape.width, made.shape.height) == (512, LIBRARY.size // 4 // 512)
    data, present = expected(LIBRARY)
    assert made.missing == present.count(False)
    values = [value if held else None for value, held in zip(data, present, strict=True)]
    with Image.open(tmp_path / "library.png") as image:
        pixels = np.asarray(image).reshape(-1, 4)
    for number in range(0, len(pixels), 7):
        pixel = tuple(int(value) for value in pixels[number])
        colour = expected_colour(values[4 * number : 4 * number + 4], 32)
        assert (pixel[:3] if pixel[3] else None) == colour


def test_the_picture_of_a_file_is_a_header_and_the_file(core: Path, tmp_path: Path) -> None:
    packed = tmp_path / "app.core.gz"
    packed.write_bytes(gzip.compress(CORE, 1))
    for path in (core, packed):
        with memtiles.open(path) as dump:
            assert dump.size == len(CORE)
            dump.picture(tmp_path / f"{path.name}.bmp")
        picture = (tmp_path / f"{path.name}.bmp").read_bytes()
        offset = int.from_bytes(picture[10:14], "little")
        assert picture[offset:] == path.read_bytes()


def test_flat_files(dump: memtiles.Dump, tmp_path: Path) -> None:
    data, present = expected(LIBRARY)
    held = present.count(True)
    done = dump.extract(tmp_path / "zero.bin", LIBRARY)
    assert (done.written, done.missing) == (len(data), len(data) - held)
    assert (tmp_path / "zero.bin").read_bytes() == data
    done = dump.extract(tmp_path / "skip.bin", LIBRARY, holes="skip")
    assert (done.written, done.missing) == (held, len(data) - held)
    assert (tmp_path / "skip.bin").read_bytes() == bytes(
        value for value, here in zip(data, present, strict=True) if here
    )
    with pytest.raises(DumpError, match="not in the dump"):
        dump.extract(tmp_path / "error.bin", LIBRARY, holes="error")


def test_a_dash_is_a_file_and_nothing_prints(
    dump: memtiles.Dump,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    dump.extract("-", LIBRARY)
    assert (tmp_path / "-").stat().st_size == LIBRARY.size
    dump.picture("a.png", LIBRARY, bits=8, layout="rows")
    dump.picture("a.bmp", LIBRARY, bits=8)
    (tmp_path / "app.core").write_bytes(CORE)
    memtiles.build(memtiles.Config.model_validate({"dump": "app.core"}))
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------------------ maps


def test_the_same_map_as_the_command(core: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"dump: {core}\npictures: {{bits: 24}}\n")
    in_code = {"dump": str(core), "pictures": {"bits": 24}, "output": str(tmp_path / "c")}
    first = memtiles.build(str(config), output=tmp_path / "a", jobs=1)
    second = memtiles.build(memtiles.Config.model_validate(in_code))
    assert run(["build", str(config), "--quiet"]) == 0
    text = (tmp_path / "site" / "manifest.json").read_bytes()
    for folder, manifest in ((tmp_path / "a", first), (tmp_path / "c", second)):
        assert (folder / "manifest.json").read_bytes() == text
        assert manifest.to_json() == text
    assert run(["check", str(tmp_path / "a"), "--quiet"]) == 0


def test_an_output_is_relative_to_the_current_folder(
    core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "config.yaml").write_text(f"dump: {core}\n")
    monkeypatch.chdir(tmp_path)
    memtiles.build("there/config.yaml", output="here")
    assert (tmp_path / "here" / "manifest.json").exists()
    assert not (tmp_path / "there" / "site").exists()


def test_what_a_build_leaves_out_is_logged(
    core: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"dump": str(core), "output": str(tmp_path / "site")}
    ranges = [{"name": "mine", "range": f"{PROGRAM:#x}+0x1000"}]
    memtiles.build(memtiles.Config.model_validate({**config, "regions": {"ranges": ranges}}))
    notes = [one for one in caplog.records if "overlaps mine" in one.getMessage()]
    assert {(one.name, one.levelno) for one in notes} == {("memtiles", logging.WARNING)}


# --------------------------------------------------------------------------------------- mistakes


def test_a_file_that_nothing_recognises_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Notes of an engineer")
    with pytest.raises(UnknownFormatError, match=r'open\(\.\.\., format="raw"\)') as caught:
        memtiles.open(path)
    assert "\n" not in str(caught.value)
    with memtiles.open(path, format="raw", base=0x1000, space="physical") as dump:
        assert dump.spaces == ("physical",)
        memory = dump.read("0xffe..0x1008")
    assert memory.data.tobytes() == b"\0\0Notes of"
    assert list(memory.runs) == [(2, 8)]


def test_mistakes_in_what_is_opened(core: Path, tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="No such file"):
        memtiles.open(tmp_path / "nothing")
    with pytest.raises(DumpError, match="folder"):
        memtiles.open(tmp_path)
    with pytest.raises(UsageError, match="unknown format 'elf'"):
        memtiles.open(core, format="elf")
    with pytest.raises(UsageError, match="only virtual ones"):
        memtiles.open(core, space="physical")
    with pytest.raises(UsageError, match="write one of virtual, physical"):
        memtiles.open(core, space="linear")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="base"):
        memtiles.open(os.getpid(), base=0)


def test_mistakes_in_where(dump: memtiles.Dump) -> None:
    with pytest.raises(AddressError, match="`region` finds a region by its name"):
        dump.read("libmade.so.6")
    with pytest.raises(UsageError, match=r"did you mean 'libmade\.so\.6'"):
        dump.region("libmad.so")
    with pytest.raises(UsageError, match="no region holds 0x10; the nearest is"):
        dump.region(0x10)
    with pytest.raises(ValueError, match="not a span"):
        memtiles.Span(2**64 - 1, 2)


def test_mistakes_in_what_is_written(dump: memtiles.Dump, core: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.bmp, \.png or \.tif"):
        dump.picture(tmp_path / "a.jpg", LIBRARY)
    with pytest.raises(LayoutError, match="12: write one of 8, 16, 24, 32"):
        dump.picture(tmp_path / "a.bmp", LIBRARY, bits=12)  # type: ignore[arg-type]
    with pytest.raises(LayoutError, match="'hilbert': write one of"):
        dump.picture(tmp_path / "a.bmp", LIBRARY, layout="hilbert")  # type: ignore[arg-type]
    with pytest.raises(LayoutError, match="padded rows"):
        dump.picture(tmp_path / "a.bmp", LIBRARY, bits=8, width=10)
    with pytest.raises(DumpError, match="nothing of"):
        dump.picture(tmp_path / "a.bmp", memtiles.Span(0x1000, 0x1000))
    with pytest.raises(UsageError, match="zero, skip, error"):
        dump.extract(tmp_path / "a.bin", LIBRARY, holes="fill")  # type: ignore[arg-type]
    with pytest.raises(LimitError, match="at most 10"):
        dump.extract(tmp_path / "a.bin", LIBRARY, limit=10)
    with pytest.raises(UsageError, match="is the input"):
        dump.extract(core, LIBRARY, force=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        dump.extract(tmp_path / "a.bin", LIBRARY)
    assert (tmp_path / "a.bin").read_bytes() == b"mine"
    assert dump.extract(tmp_path / "a.bin", LIBRARY, force=True).written == LIBRARY.size


def test_mistakes_in_a_build(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        memtiles.build(tmp_path / "config.yaml")
    (tmp_path / "config.yaml").write_text("dumb: app.core\n")
    with pytest.raises(ConfigError, match=r"config\.yaml:1: dumb: is not a key"):
        memtiles.build(tmp_path / "config.yaml")
    with pytest.raises(UsageError, match="jobs 0"):
        memtiles.build(tmp_path / "config.yaml", jobs=0)


def test_a_closed_dump_says_so(core: Path, tmp_path: Path) -> None:
    dump = memtiles.open(core)
    blocks = dump.blocks(LIBRARY, PAGE)
    next(blocks)
    dump.close()
    dump.close()
    for use in (
        lambda: dump.read(LIBRARY),
        lambda: dump.runs(LIBRARY),
        lambda: list(blocks),
        lambda: dump.picture(tmp_path / "a.png", LIBRARY),
        lambda: dump.picture(tmp_path / "a.bmp"),
        lambda: dump.picture(tmp_path / "a.png"),
        lambda: dump.extract(tmp_path / "a.bin", LIBRARY),
    ):
        with pytest.raises(UsageError, match=r"^app\.core: is closed"):
            use()
    assert list(tmp_path.iterdir()) == []
    assert dump.region("libmade.so.6").span == LIBRARY


def test_the_own_bytes_of_a_file_that_changed(tmp_path: Path) -> None:
    path = tmp_path / "app.core"
    path.write_bytes(CORE)
    with memtiles.open(path) as dump:
        path.write_bytes(CORE + b"more")
        for ending in ("bmp", "png"):
            with pytest.raises(DumpError, match="changed since it was opened"):
                dump.picture(tmp_path / f"a.{ending}")


def test_a_dump_is_found_again_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.core").write_bytes(CORE)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with memtiles.open("app.core") as dump:
        monkeypatch.chdir(tmp_path / "other")
        dump.picture("own.bmp")
        with pytest.raises(UsageError, match="is the input"):
            dump.extract("../app.core", LIBRARY, force=True)
    assert (tmp_path / "other" / "own.bmp").stat().st_size > len(CORE)


# ----------------------------------------------------------------------------------------- process


@pytest.mark.skipif(sys.platform != "linux", reason="live processes are read on Linux only")
def test_the_memory_of_this_process(tmp_path: Path) -> None:
    known = os.urandom(3 * PAGE)
    buffer = ctypes.create_string_buffer(known, len(known))
    span = memtiles.Span(ctypes.addressof(buffer), len(known))
    with memtiles.open(os.getpid()) as dump:
        assert (dump.format, dump.name.rpartition("-")[2]) == ("process", str(os.getpid()))
        assert dump.region(span.start).span.start <= span.start
        memory = dump.read(span)
        assert memory.data.tobytes() == known
        assert memory.present.all()
        assert b"".join(block.data.tobytes() for _, block in dump.blocks(span, 1000)) == known
        dump.extract(tmp_path / "known.bin", span)
        with pytest.raises(UsageError, match="a process is no file"):
            dump.picture(tmp_path / "own.bmp")
    assert (tmp_path / "known.bin").read_bytes() == known


@pytest.mark.parametrize("size", [0, -5])
def test_blocks_of_nothing_are_refused(tmp_path: Path, size: int) -> None:
    """range() takes a negative step for an empty one: all memory would be lost without a word."""
    (tmp_path / "memory.bin").write_bytes(bytes(100))
    with (
        memtiles.open(tmp_path / "memory.bin", format="raw") as dump,
        pytest.raises(memtiles.MemtilesError, match="at least 1"),
    ):
        next(dump.blocks("0 L10", size=size))


def test_what_is_no_place_in_memory_is_a_type_error(tmp_path: Path) -> None:
    (tmp_path / "memory.bin").write_bytes(bytes(100))
    with (
        memtiles.open(tmp_path / "memory.bin", format="raw") as dump,
        pytest.raises(TypeError, match="Region, Module, Span"),
    ):
        dump.read((0, 4))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        memtiles.open(True)
