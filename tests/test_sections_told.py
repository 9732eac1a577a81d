"""Where sections of modules show: `memtiles info`, the manifest, and Python."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import memtiles
from builders.elf import Load, elf_core, nt_file
from builders.pe import Row, pe_image
from builders.samples import sample
from builders.sections import BARE_AT, HAL_AT, STACK_AT, TINY_AT, core_with_sections
from memtiles.cli import run
from memtiles.errors import UsageError

HAL_SECTIONS = [
    ("header", 0, 0x400, "r--"),
    (".text", 0x1000, 0x2345, "r-x"),
    (".data", 0x4000, 0x800, "rw-"),
    ("INIT", 0x5000, 0x1000, "rwx"),
    (".reloc", 0x6000, 0x10, "r--"),
]


@pytest.fixture
def core(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(core_with_sections())
    return path


@pytest.fixture
def dump(core: Path) -> Iterator[memtiles.Dump]:
    with memtiles.open(core) as dump:
        yield dump


# ------------------------------------------------------------------------------------------ Python


def test_sections_of_a_module(dump: memtiles.Dump) -> None:
    modules = {module.name: module for module in dump.modules}
    assert [
        (one.name, one.span.start - HAL_AT, one.span.size, one.protection)
        for one in dump.sections(modules["hal.dll"])
    ] == HAL_SECTIONS
    assert dump.sections(modules["bare.so"]) == ()


def test_a_section_is_a_place_to_read_and_to_draw(dump: memtiles.Dump, tmp_path: Path) -> None:
    text = dump.sections(dump.modules[-1])[1]
    assert len(dump.read(text).data) == 0x2345
    assert dump.runs(text).is_whole(0x2345)
    assert dump.extract(tmp_path / "text.bin", text).written == 0x2345
    dump.picture(tmp_path / "text.png", text, bits=8)
    with Image.open(tmp_path / "text.png") as picture:
        about = picture.info["Description"]
    assert about == "memtiles: .text 0xfffff80000801000+0x2345, 8 bits classic"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (HAL_AT, "hal.dll!header+0x0"),
        (HAL_AT + 0x1012, "hal.dll!.text+0x12"),
        (HAL_AT + 0x3344, "hal.dll!.text+0x2344"),
        (HAL_AT + 0x3345, "hal.dll+0x3345"),
        (HAL_AT + 0x6FFF, "hal.dll+0x6fff"),
        (HAL_AT + 0x7000, "0xfffff80000807000"),
        (TINY_AT + 0x412, "libtiny.so!.text+0x12"),
        (BARE_AT + 0x12, "bare.so+0x12"),
        (STACK_AT + 0x12, "anonymous 0x7ffffffde000+0x12"),
        (0, "0x0"),
    ],
)
def test_where_an_address_is(dump: memtiles.Dump, address: int, text: str) -> None:
    assert dump.where(address) == text


def test_headers_are_not_read_after_the_dump_is_closed(core: Path) -> None:
    with memtiles.open(core) as dump:
        hal = dump.modules[-1]
    with pytest.raises(UsageError, match="is closed"):
        dump.sections(hal)


# -------------------------------------------------------------------------------------------- info


def test_info_for_programs_has_sections(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(core), "--json"]) == 0
    modules = json.loads(capsys.readouterr().out)["modules"]
    hal = next(module for module in modules if module["name"] == "hal.dll")
    assert [
        (one["name"], int(one["start"], 16) - HAL_AT, int(one["size"], 16), one["protection"])
        for one in hal["sections"]
    ] == HAL_SECTIONS
    assert [one["present"] for one in hal["sections"]] == [size for _, _, size, _ in HAL_SECTIONS]
    assert next(one for one in modules if one["name"] == "bare.so")["sections"] == []


def test_info_for_people_lists_sections_where_asked(
    core: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(core)]) == 0
    assert "section" not in capsys.readouterr().out
    assert run(["info", str(core), "--sections"]) == 0
    out = capsys.readouterr().out
    assert "\n9 sections\n" in out
    assert re.search(
        r"^fffff80000801000  fffff80000803345 +9,029 +100%  r-x +section +hal\.dll!\.text$",
        out,
        re.MULTILINE,
    )


def test_names_of_sections_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = pe_image([Row(b"\x1b[2J\x07\r\n\xff", 0x1000, 0x1000)])
    files = nt_file([(HAL_AT, HAL_AT + len(image), 0, b"/hal.dll")])
    (tmp_path / "evil.core").write_bytes(elf_core([Load(HAL_AT, image, flags=5)], files))
    assert run(["info", str(tmp_path / "evil.core"), "--sections"]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\r"} & set(out)
    assert r"hal.dll!\x1b[2J\x07\r\n\xff" in out
    assert run(["info", str(tmp_path / "evil.core"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["modules"][0]["sections"][1]["name"]


def test_segments_have_no_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Linux's programs and libraries have their section names at the end of their files."""
    core = str(sample("rz_core-linux-x86_64"))
    assert run(["info", core, "--sections"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"r-x +segment +libc-2\.33\.so$", out, re.MULTILINE)
    assert "!" not in out


def test_info_begins_with_what_the_dump_is(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(core)]) == 0
    size = core.stat().st_size
    present = 0x2000 + 0x1000 + 0x2000 + 0x7000
    assert capsys.readouterr().out.split("\n\n")[0].splitlines() == [
        f"app.core: elf-core, {size:,} bytes",
        "  system     unknown",
        "  machine    x86-64",
        "  addresses  64 bits",
        f"  space      virtual: {present:,} of {present:,} bytes of its regions are in the dump",
    ]
    assert run(["info", str(core), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["spaces"] == [
        {"name": "virtual", "size": hex(present), "present": present, "missing": {}}
    ]
    assert info["system"] is None


def test_info_of_a_dump_with_two_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    """QEMU's note has CR3: the virtual space comes first, of the physical one the size is told."""
    core = str(sample("gen_tiny4M.elf.xz"))
    assert run(["info", core]) == 0
    head = capsys.readouterr().out.split("\n\n")[0]
    assert re.search(r"^  space      virtual: [\d,]+ of [\d,]+ bytes of its regions", head, re.M)
    assert "  space      physical: 4,456,448 bytes are in the dump" in head
    assert run(["info", core, "--space", "physical"]) == 0
    head = capsys.readouterr().out.split("\n\n")[0]
    assert re.search(r"^  space      physical: 4,456,448 of [\d,]+ bytes of its", head, re.M)


# ------------------------------------------------------------------------------------ the manifest


def manifest_of(folder: Path, more: str = "") -> dict[str, list[dict[str, str]]]:
    """Sections by the name of their module."""
    (folder / "config.yaml").write_text(f"dump: app.core\n{more}")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    content = json.loads((folder / "site" / "manifest.json").read_bytes())
    return {module["name"]: module["sections"] for module in content["modules"]}


def test_the_manifest_has_sections(core: Path) -> None:
    modules = manifest_of(core.parent)
    assert modules["bare.so"] == []
    assert modules["hal.dll"] == [
        {"name": name, "start": hex(HAL_AT + at), "size": hex(size), "protection": protection}
        for name, at, size, protection in HAL_SECTIONS
    ]


def test_only_modules_that_regions_lie_in(core: Path) -> None:
    more = "regions: {include: [{name: libtiny.so}]}\n"
    assert list(manifest_of(core.parent, more)) == ["libtiny.so"]


def test_modules_of_a_map_have_sections_too(core: Path) -> None:
    """A raw file, and WinDbg's `lm`: the headers are read where the map says that modules are."""
    folder = core.parent
    core.write_bytes(pe_image([Row(b".text", 0x1000, 0x100)]))
    (folder / "lm.txt").write_text(
        "start             end                 module name\n"
        "fffff800`00800000 fffff800`00807000   hal        (deferred)\n"
    )
    (folder / "config.yaml").write_text(
        "dump: {path: app.core, format: raw, base: 0xfffff80000800000}\nmaps: [{path: lm.txt}]\n"
    )
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    content = json.loads((folder / "site" / "manifest.json").read_bytes())
    assert [one["name"] for one in content["modules"][0]["sections"]] == ["header", ".text"]


def test_a_build_over_itself_changes_nothing(core: Path) -> None:
    manifest_of(core.parent)
    first = (core.parent / "site" / "manifest.json").read_bytes()
    manifest_of(core.parent)
    assert (core.parent / "site" / "manifest.json").read_bytes() == first
    shutil.rmtree(core.parent / "site")
    manifest_of(core.parent)
    assert (core.parent / "site" / "manifest.json").read_bytes() == first
