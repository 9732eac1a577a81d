"""What `memtiles slice` says in its files: size in print, what it is of; and twice the same."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from PIL import Image

from builders.elf import Load, elf_core, nt_file
from exports.exported import bmp_of, noise
from memtiles.cli import run
from sites import PAGE

EVIL = (
    b"</script><img src=x>\n- !!python/object: {a: b}\r\x1b]0;owned\x07\x1b[2J"
    b"$(touch owned)`id` %n%s \\ \" ' \xff\xfe \xe2\x80\xae\xf0\x9f\x98\x80"
)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.bin"
    path.write_bytes(noise(70_000))
    return path


@pytest.mark.parametrize("dpi", [1, 72, 150, 300, 600, 1201, 9600])
def test_dpi(dump: Path, dpi: int) -> None:
    """PNG and BMP count pixels per metre, an inch is 25.4 mm; TIFF states inches."""
    folder = dump.parent
    per_metre = round(dpi * 1000 / 25.4)
    for kind in ("png", "tif", "bmp"):
        out = folder / f"out.{kind}"
        assert run(["slice", str(dump), str(out), "--crop", "9x9+0+0", "--dpi", str(dpi)]) == 0
    assert chunk(folder / "out.png", b"pHYs") == struct.pack(">IIB", per_metre, per_metre, 1)
    assert bmp_of(folder / "out.bmp").per_metre == (per_metre, per_metre)
    with Image.open(folder / "out.tif") as image:
        x, y, unit = (image.tag_v2[tag] for tag in (282, 283, 296))
    assert unit == 2, "inch"
    assert (float(x), float(y)) == pytest.approx((dpi, dpi), rel=1e-4, abs=0.002)


def test_300_dpi_without_a_word(dump: Path) -> None:
    assert run(["slice", str(dump), str(dump.parent / "out.png"), "--crop", "1x1+0+0"]) == 0
    assert chunk(dump.parent / "out.png", b"pHYs") == struct.pack(">IIB", 11811, 11811, 1)


def chunk(path: Path, wanted: bytes) -> bytes:
    """The data of the one chunk of that type in a PNG (chunks: length, type, data, CRC)."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == wanted:
            found.append(content[at + 8 : at + 8 + length])
        at += 12 + length
    (data,) = found
    return data


def said(path: Path) -> str:
    """What a file says that it is of: one line of printed ASCII."""
    with Image.open(path) as image:
        text = image.info["Description"] if path.suffix == ".png" else image.tag_v2[270]
    assert isinstance(text, str)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 3000
    return text


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_what_it_is_of(dump: Path, kind: str) -> None:
    out = dump.parent / f"out.{kind}"
    look = ["--bits", "16", "--crop", "10x20+30+40"]
    assert run(["slice", str(dump), str(out), *look]) == 0
    assert said(out) == ("memtiles: dump.bin 0x0+0x11170, 16 bits classic, 10x20+30+40 of 186x186")
    raw = ["--format", "raw", "--base", "fffff800`00800000", "--range", "fffff800`00800010 L1000"]
    assert run(["slice", str(dump), str(out), "--force", *raw, "--width", "64"]) == 0
    assert said(out) == (
        "memtiles: dump.bin 0xfffff80000800010+0x1000, 32 bits rows, 64x16+0+0 of 64x16"
    )
    assert run(["picture", str(dump), str(out), "--force", *raw]) == 0
    assert said(out).startswith("memtiles: dump.bin 0xfffff80000800010+0x1000, 32 bits classic")


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize("command", ["slice", "picture"])
def test_evil_names_of_regions(tmp_path: Path, kind: str, command: str) -> None:
    core = tmp_path / "evil.core"
    name = b"/" + EVIL.replace(b"/", b"|") + b"x" * 5000
    core.write_bytes(
        elf_core([Load(0x1000, noise(PAGE), flags=5)], nt_file([(0x1000, 0x2000, 0, name)]))
    )
    out = tmp_path / f"out.{kind}"
    assert run([command, str(core), str(out), "--region", "0x1000"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.core", out.name]
    if kind != "bmp":
        text = said(out)
        assert "<|script><img src=x>\\n- !!python" in text
        assert "\\x1b]0;owned\\x07" in text
        assert "0x1000+0x1000, 32 bits classic" in text


@pytest.mark.skipif(os.name != "posix", reason="such names are not allowed on Windows")
@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
def test_evil_names_of_files(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the picture nor what is printed carries them as they are."""
    name = os.fsdecode(EVIL.replace(b"/", b"|")[:150])
    dump, out = tmp_path / name, tmp_path / f"{name}.{kind}"
    dump.write_bytes(noise(10_000))
    assert run(["slice", str(dump), str(out)]) == 0
    assert run(["picture", str(dump), str(out), "--force"]) == 0
    assert run(["slice", str(dump), str(out)]) == 2
    captured = capsys.readouterr()
    for text in (captured.out, captured.err):
        assert "\x1b" not in text
        assert "\r" not in text
        assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}
    assert captured.err.splitlines()[-1].startswith("memtiles: ")
    if kind != "bmp":
        assert "\\x1b]0;owned" in said(out)


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize("bits", [8, 24])
def test_twice_the_same(dump: Path, kind: str, bits: int) -> None:
    made = []
    for number in range(2):
        out = dump.parent / f"{number}" / f"out.{kind}"
        out.parent.mkdir()
        look = ["--bits", str(bits), "--layout", "rows"]
        assert run(["slice", str(dump), str(out), *look]) == 0
        made.append(out.read_bytes())
    assert made[0] == made[1]


@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
@pytest.mark.parametrize(
    "arguments",
    [
        ["picture", "out.bmp"],
        ["picture", "out.png"],
        ["slice", "out.tif"],
        ["extract", "out.bin", "--format", "raw", "--range", "0 L10"],
    ],
)
def test_only_its_owner_may_read_what_is_memory(dump: Path, arguments: list[str]) -> None:
    command, name, *more = arguments
    old = os.umask(0)
    try:
        assert run([command, str(dump), str(dump.parent / name), *more]) == 0
    finally:
        os.umask(old)
    assert (dump.parent / name).stat().st_mode & 0o777 == 0o600
