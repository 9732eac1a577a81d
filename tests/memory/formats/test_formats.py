"""The registry, on files of a few bytes written here."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from builders.elf import Load, elf_core
from builders.samples import sample
from memtiles.errors import DumpError, UsageError
from memtiles.memory.formats import formats, open_dump
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind


@pytest.fixture
def core(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(elf_core([Load(0x1000, b"abc")]))
    return path


def test_formats_are_found_by_listing_the_folder() -> None:
    assert {"elf-core", "raw"} <= set(formats())
    assert all(name == format.name for name, format in formats().items())


def test_raw_never_recognises_anything() -> None:
    assert not formats()["raw"].sniff(b"\x7fELF")


def test_auto_goes_by_the_contents(core: Path) -> None:
    renamed = core.rename(core.with_name("app.raw"))
    with open_dump(renamed) as dump:
        assert dump.format == "elf-core"


def test_a_named_format_is_taken(core: Path) -> None:
    with open_dump(core, format="raw") as dump:
        assert dump.format == "raw"


def test_an_unknown_format_lists_the_known_ones(core: Path) -> None:
    with pytest.raises(UsageError, match=r"'elf': write auto or one of .*elf-core, .*raw"):
        open_dump(core, format="elf")


def test_an_unrecognised_file_points_to_raw(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x01\x02hello")
    with pytest.raises(DumpError, match=r"x: its first bytes \(01 02 68.*`format: raw`"):
        open_dump(tmp_path / "x")


@pytest.mark.parametrize(
    ("head", "kind", "tool"),
    [
        (b"hibr", "hibernation", "Hibr2Bin"),
        (b"RSTR", "hibernation", "Hibr2Bin"),
        (b"\xd2\xbe\xd2\xbe", "VMware", "--format raw --cr3"),
        (b"\x7fVirtualBox SavedState V2.0\n", "VirtualBox", "dumpvmcore"),
        (b"QEVM\0\0\0\3", "QEMU", "dump-guest-memory"),
        (b"LibvirtQemudSave", "libvirt", "virsh dump --memory-only"),
        (b"QFI\xfb\0\0\0\3", "qcow2", "dump-guest-memory"),
        (b"Xen saved domain, xl format\n", "Xen", "xl dump-core"),
        (b"sadump\0\0", "sadump", "makedumpfile"),
        (b"\xa8\x19\x01\x73\x61\x8f\x23\xfd", "IBM Z", "zgetdump"),
        (b"minidump FreeBSD/amd64", "FreeBSD", "sysctl"),
        (b"MSCF\0\0\0\0", "cabinet", "cabextract"),
        (b"EVF\t\r\n\xff\0", "EWF", "ewfexport"),
        (b"PK\3\4", "zip", "unzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
        (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
        (b"\x1f\x8b\x08", "without a name that ends in .gz", "rename"),
    ],
)
def test_kinds_that_are_known_but_not_read(
    tmp_path: Path, head: bytes, kind: str, tool: str
) -> None:
    """The error tells what makes a dump of it that is read; nothing is pictured raw unasked."""
    (tmp_path / "x").write_bytes(head.ljust(64, b"\0"))
    with pytest.raises(DumpError, match=f"{re.escape(kind)}.*{re.escape(tool)}"):
        open_dump(tmp_path / "x")


def test_the_space_that_is_asked_for_must_be_there(core: Path) -> None:
    with open_dump(core, options=Options(space=SpaceKind.VIRTUAL)) as dump:
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL
    with pytest.raises(UsageError, match="has no physical addresses, only virtual ones"):
        open_dump(core, options=Options(space=SpaceKind.PHYSICAL))


def test_base_is_for_raw_only(core: Path) -> None:
    with pytest.raises(UsageError, match="base"):
        open_dump(core, options=Options(base=0))


def test_every_real_dump_opens_or_says_why_not() -> None:
    """All dumps beside the checkout, of every kind, the fuzzers' ones too."""
    folder = sample("manifest.tsv").parent
    opened = []
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        if path.stat().st_size < 4 << 20:
            with contextlib.suppress(DumpError), open_dump(path) as dump:
                opened.append(dump.name)
    assert "rz_core-linux-x86" in opened
