"""INPUT, `--region`, `--crop` and the rest: what is refused, and what claims too much."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file
from exports.exported import (
    Outcome,
    disk_bytes,
    memtiles,
    noise,
    nothing_changes,
    refused,
)
from nobody import without_root
from sites import PAGE

Call = Callable[..., Outcome]

every_command = pytest.mark.parametrize("command", ["picture", "slice", "extract"])


def arguments(command: str) -> list[str]:
    """What `extract` cannot do without."""
    return ["--range", "0 L10"] if command == "extract" else []


@every_command
def test_inputs_that_cannot_be_read(tmp_path: Path, command: str, call: Call) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    out = tmp_path / "out.bmp"
    with nothing_changes(tmp_path):
        for name, code, word in (
            ("missing", 3, "No such file"),
            ("empty", 3, "empty"),
            ("loop", 3, "loop"),
            ("x" * 300, 3, "File name too long"),
            ("empty/dump.bin", 3, "empty"),
            # `slice` takes a folder for a site.
            *([("folder", 2, "manifest")] if command == "slice" else [("folder", 3, "folder")]),
        ):
            refused(call(command, tmp_path / name, out, *arguments(command)), code, word)


@every_command
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_inputs_that_are_no_files(tmp_path: Path, command: str, call: Call) -> None:
    os.mkfifo(tmp_path / "fifo")
    with nothing_changes(tmp_path):
        for name in ("fifo", "/dev/null", "/dev/zero"):
            done = call(command, tmp_path / name, tmp_path / "out.bmp", *arguments(command))
            refused(done, 3, "not a regular file")


@every_command
@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
def test_inputs_that_may_not_be_read(tmp_path: Path, command: str) -> None:
    """Neither the file, nor anything in a folder that may not be entered."""
    secret = tmp_path / "in" / "secret" / "dump.bin"
    secret.parent.mkdir(parents=True)
    secret.write_bytes(noise(1000))
    wrapper = without_root(secret.parent)
    secret.parent.chmod(0o755)
    secret.chmod(0)
    out = tmp_path / "out.bmp"
    done, _ = memtiles(command, secret, out, *arguments(command), wrapper=wrapper)
    refused(done, 3, "Permission denied")
    secret.chmod(0o644)
    secret.parent.chmod(0)
    done, _ = memtiles(command, secret, out, *arguments(command), wrapper=wrapper)
    secret.parent.chmod(0o755)
    refused(done, 3, "Permission denied")
    assert not out.exists()


@pytest.mark.parametrize("command", ["picture", "slice"])
def test_arguments_that_go_with_addresses_only(core: Path, command: str, call: Call) -> None:
    with nothing_changes(core.parent):
        for option in (["--format", "elf-core"], ["--base", "1000"], ["--space", "virtual"]):
            done = call(command, core, core.parent / "out.bmp", *option)
            refused(done, 2, "go with --region or --range")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--bits", "12"], 2, ["--bits"]),
        (["--layout", "hilbert"], 2, ["--layout"]),
        (["--width", "0"], 2, ["--width", "from 1 on"]),
        (["--width", "-4"], 2, ["--width"]),
        (["--width", "٤"], 2, ["--width"]),
        (["--width", "63", "--bits", "8"], 2, ["63", "multiple of 4"]),
        (["--width", "64", "--layout", "classic"], 2, ["classic computes its width"]),
        (["--limit", "lots"], 2, ["--limit"]),
        (["--limit", "1KB"], 2, ["KiB"]),
        (["--limit", "1000"], 4, ["at most 1,000 are allowed", "raise --limit"]),
        (["--range", "0 L100", "--format", "elf"], 2, ["unknown format 'elf'", "elf-core, "]),
    ],
)
@pytest.mark.parametrize("command", ["picture", "slice"])
def test_bad_options(
    tmp_path: Path, command: str, options: list[str], code: int, words: list[str], call: Call
) -> None:
    (tmp_path / "dump.bin").write_bytes(noise(5000))
    with nothing_changes(tmp_path):
        refused(call(command, tmp_path / "dump.bin", tmp_path / "out.bmp", *options), code, *words)


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        ("311x1+0+0", ["310x310+0+0 is all of it"]),
        ("1x1+310+0", ["310x310+0+0 is all of it"]),
        ("1x1+0+310", ["310x310+0+0 is all of it"]),
        ("310x310+1+0", ["310x310+0+0 is all of it"]),
        ("999999999999x1+0+0", ["310x310+0+0 is all of it"]),
        ("1x1+999999999999+999999999999", ["310x310+0+0 is all of it"]),
        ("0x5+0+0", ["at least 1x1"]),
        ("5x0+0+0", ["at least 1x1"]),
        ("5x5", ["100x18400+9150+0"]),
        ("5x5-1+0", ["100x18400+9150+0"]),
        ("", ["100x18400+9150+0"]),
        ("5x5+0+0; rm -rf /\n", ["100x18400+9150+0"]),
    ],
)
@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_crops(tmp_path: Path, crop: str, words: list[str], kind: str, call: Call) -> None:
    (tmp_path / "dump.bin").write_bytes(noise(385_025))
    with nothing_changes(tmp_path):
        done = call("slice", tmp_path / "dump.bin", tmp_path / f"out.{kind}", "--crop", crop)
        refused(done, 2, *words)


@pytest.mark.parametrize("dpi", ["0", "-1", "9601", "300.5", "nan", "9" * 5000])
def test_dpi(tmp_path: Path, dpi: str, call: Call) -> None:
    (tmp_path / "dump.bin").write_bytes(noise(5000))
    with nothing_changes(tmp_path):
        done = call("slice", tmp_path / "dump.bin", tmp_path / "out.png", "--dpi", dpi)
        refused(done, 2, "--dpi")


# --------------------------------------------------------------------------------------- regions


@every_command
def test_regions(core: Path, command: str, call: Call) -> None:
    out = core.parent / "out.bmp"
    with nothing_changes(core.parent):
        for name, words in (
            ("libmad.so", ["no region is called 'libmad.so'", "did you mean 'libmade.so.6'?"]),
            ("zzz", ["no region is called 'zzz'", "memtiles info"]),
            ("0x1", ["no region holds 0x1", "the nearest is 'anonymous 0x6000000000'"]),
            ("\x1b[2J\n", ["no region is called '\\x1b[2J\\n'"]),
            ("", ["no region is called ''"]),
        ):
            refused(call(command, core, out, "--region", name), 2, *words)


@every_command
def test_several_regions_of_one_name(tmp_path: Path, command: str, call: Call) -> None:
    core = tmp_path / "two.core"
    spans = [(0x10000, 0x11000), (0x90000, 0x91000)]
    loads = [Load(start, noise(PAGE)) for start, _ in spans]
    # Two files of one name in two folders are two modules.
    files = [(*span, 0, f"/{number}/libtwin.so".encode()) for number, span in enumerate(spans)]
    core.write_bytes(elf_core(loads, nt_file(files)))
    out = tmp_path / "out.bmp"
    with nothing_changes(tmp_path):
        done = call(command, core, out, "--region", "libtwin.so")
        refused(done, 2, "2 regions are called 'libtwin.so'", "0x10000, 0x90000")
    assert call(command, core, out, "--region", "0x90000").code == 0


@every_command
def test_nothing_but_holes(core: Path, command: str, call: Call) -> None:
    out = core.parent / "out.bmp"
    with nothing_changes(core.parent):
        for text in ("0 L1000", "0x555555559000+0x1000", "ffffffff`ffffff00 ffffffff`ffffffff"):
            refused(call(command, core, out, "--range", text), 3, "nothing of", "is in the dump")
        for text in ("ffffffff`ffffff00 L101", "0xffffffffffffffff+0x2"):
            refused(call(command, core, out, "--range", text), 2, "past the last address")
        refused(call(command, core, out, "--region", "0x7ffff7ac8000"), 3, "is in the dump")


# ----------------------------------------------------------------------------------- huge claims

ALL = "0x0+0x10000000000000000"


@every_command
@pytest.mark.parametrize("text", [ALL, "0 L?1000000000000000", "1000 L?ffffffffffffff"])
def test_huge_ranges(core: Path, command: str, text: str, call: Call) -> None:
    with nothing_changes(core.parent):
        for out in ("out.bmp", "out.png"):
            done = call(command, core, core.parent / out, "--range", text)
            refused(done, 4, "at most 68,719,476,736 are allowed", "--limit")
        # No file is that long, whatever the user allows.
        most = ["--limit", "16777215TiB", "--range", ALL]
        refused(call(command, core, core.parent / "out.png", *most), 4, "at most 9,223,372,036,854")


def test_a_huge_range_with_holes_left_out_is_as_long_as_what_is_there(
    core: Path, call: Call
) -> None:
    out = core.parent / "out.bin"
    done = call("extract", core, out, "--range", ALL, "--holes", "skip")
    assert (done.code, done.errors) == (0, [])
    assert done.out.startswith(f"Writing {out.stat().st_size:x} bytes...\n")
    with nothing_changes(core.parent):
        done = call("extract", core, core.parent / "no.bin", "--range", ALL, "--holes", "error")
        refused(done, 3, "the first at 0x0")
        done = call("extract", core, core.parent / "no.bin", "--range", ALL, "--limit", "1KiB")
        refused(done, 4, "at most 1,024")


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """A core of few bytes that claims 8 GiB at 0x1000 and 2**60 bytes at 2**62."""
    path = tmp_path / "claims.core"
    loads = [Load(0x1000, b"A" * PAGE, memsz=8 << 30), Load(1 << 62, b"one byte", memsz=1 << 60)]
    path.write_bytes(elf_core(loads))
    return path


@every_command
def test_a_region_that_claims_2_to_the_60(claims: Path, command: str, call: Call) -> None:
    with nothing_changes(claims.parent):
        for name in ("out.bmp", "out.png"):
            out = claims.parent / name
            done = call(command, claims, out, "--region", "0x4000000000000000")
            refused(done, 4, "at most 68,719,476,736 are allowed", "--limit")


def test_claims_within_the_limit_take_no_more_disk_than_is_there(claims: Path, call: Call) -> None:
    out = claims.parent / "out.bin"
    done = call("extract", claims, out, "--region", "0x1000")
    assert done.code == 0
    assert out.stat().st_size == 8 << 30
    if hasattr(os, "SEEK_HOLE"):
        assert disk_bytes(out) <= 1 << 20
    with out.open("rb") as file:
        assert file.read(PAGE + 1) == b"A" * PAGE + b"\0"
    cut = ["--region", "0x1000", "--crop", "9x9+0+0"]
    assert call("slice", claims, claims.parent / "out.png", *cut).code == 0


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("bmp", ["--bits", "8", "--width", "2147483648"], [" BMP "]),
        ("png", ["--bits", "8", "--width", "1000000"], ["too wide", "smaller width", ".bmp"]),
        ("tif", ["--width", "1000000"], ["too wide", "smaller width", ".bmp"]),
        ("png", ["--width", "1" + "0" * 30], ["--limit"]),
        ("bmp", ["--width", "1" + "0" * 30], ["--limit"]),
    ],
)
@pytest.mark.parametrize("command", ["picture", "slice"])
def test_sides_that_are_too_long(
    tmp_path: Path, command: str, kind: str, options: list[str], words: list[str], call: Call
) -> None:
    (tmp_path / "dump.bin").write_bytes(noise(10_000))
    with nothing_changes(tmp_path):
        done = call(command, tmp_path / "dump.bin", tmp_path / f"out.{kind}", *options)
        refused(done, 4, *words)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_picture_that_is_too_high(claims: Path, kind: str, call: Call) -> None:
    """8 GiB in rows of 4 bytes."""
    out = claims.parent / f"out.{kind}"
    look = ["--region", "0x1000", "--bits", "8", "--width", "4"]
    with nothing_changes(claims.parent):
        refused(call("picture", claims, out, *look), 4, "too high", "larger width", ".bmp")
    assert call("slice", claims, out, *look, "--crop", "4x1024+0+0").code == 0


def test_the_limit_counts_what_a_bmp_takes(core: Path, call: Call) -> None:
    """A grey picture with holes is one of 24 bits there: three bytes for each of memory."""
    hole = ["--range", "0x555555556000+0x4000", "--bits", "8"]
    out = core.parent / "out.bmp"
    raster = 128 * 128 * 3
    for command in ("picture", "slice"):
        with nothing_changes(core.parent):
            done = call(command, core, out, *hole, "--limit", raster - 1)
            refused(done, 4, f"{raster:,} bytes")
        assert call(command, core, out, *hole, "--limit", raster).code == 0
        out.unlink()
