"""Cores written by tests/builders/elf.py, which shares no code with the reader."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, note, nt_file
from memtiles.errors import DumpError
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.formats import open_dump
from memtiles.memory.runs import Runs
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

Opener = Callable[[bytes], Dump]
SHAPES = [(bits, order) for bits in (32, 64) for order in "<>"]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    dumps: list[Dump] = []

    def opener(contents: bytes) -> Dump:
        path = tmp_path / "app.core"
        path.write_bytes(contents)
        dumps.append(open_dump(path))
        return dumps[-1]

    yield opener
    for dump in dumps:
        dump.close()


def rows(dump: Dump) -> list[tuple[int, int, str, str | None]]:
    return [(m.span.start, m.span.end, m.name, m.protection) for m in dump.mappings]


def read(dump: Dump, start: int, size: int) -> tuple[bytes, Runs]:
    memory = dump.spaces[0].read(Span(start, size))
    return memory.data.tobytes(), memory.runs


@pytest.mark.parametrize(("bits", "order"), SHAPES)
@pytest.mark.parametrize("extended", [False, True])
def test_classes_and_byte_orders(opened: Opener, bits: int, order: str, extended: bool) -> None:
    """PN_XNUM is written for small counts too: the reader has to believe it."""
    files = [(0x1000, 0x3000, 0, b"/bin/app"), (0x3000, 0x4000, 4, b"/lib/\xffx y.so")]
    dump = opened(
        elf_core(
            [Load(0x1000, b"text", flags=5, memsz=0x1000), Load(0x2000, b"data" * 1024, flags=6)],
            nt_file(files, bits=bits, order=order),
            bits=bits,
            order=order,
            extended=extended,
        )
    )
    assert dump.address_bits == bits
    assert dump.byte_order == {"<": "little", ">": "big"}[order]
    assert dump.warnings == ()
    assert rows(dump) == [
        (0x1000, 0x2000, "/bin/app", "r-x"),
        (0x2000, 0x3000, "/bin/app", "rw-"),
        (0x3000, 0x4000, "/lib/\\xffx y.so", None),
    ]
    assert [mapping.file_offset for mapping in dump.mappings] == [0, 0x1000, 0x4000]
    assert [module.name for module in dump.modules] == ["app"]
    assert read(dump, 0x1002, 6) == (b"xt\0\0\0\0", Runs.of([(0, 2)]))
    assert read(dump, 0x1FFE, 4) == (b"\0\0da", Runs.of([(2, 2)]))


@pytest.mark.parametrize(
    ("machine", "name"),
    [(62, "x86-64"), (3, "x86"), (183, "aarch64"), (40, "arm"), (22, "s390x"), (21, "ppc64"),
     (243, "riscv"), (8, "mips"), (9999, None)],
)  # fmt: skip
def test_machines(opened: Opener, machine: int, name: str | None) -> None:
    assert opened(elf_core([Load(0, b"x")], machine=machine)).machine == name


class TestQuirks:
    """One test per quirk: what stands in the file, and what is made of it."""

    def test_e_ehsize_is_not_trusted(self, opened: Opener) -> None:
        """QEMU writes 8."""
        assert read(opened(elf_core([Load(0x1000, b"x")], ehsize=8)), 0x1000, 1)[0] == b"x"

    def test_more_segments_than_e_phnum_can_say(self, opened: Opener) -> None:
        loads = [Load(0x10000 + 2 * i, bytes([i % 251])) for i in range(70_000)]
        dump = opened(elf_core(loads, extended=True))
        assert len(dump.mappings) == 70_000
        assert read(dump, 0x10000 + 2 * 69_999, 1)[0] == bytes([69_999 % 251])

    def test_longer_rows_in_the_table(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"x"), Load(0x2000, b"y")], phentsize=72))
        assert read(dump, 0x2000, 1)[0] == b"y"

    def test_what_was_not_dumped_is_a_hole_and_not_zero(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"head", memsz=0x3000)]))
        assert rows(dump) == [(0x1000, 0x4000, "", "r-x")]
        assert dump.spaces[0].runs(Span(0x1000, 0x3000)) == Runs.of([(0, 4)])

    def test_a_core_that_was_cut_short(self, opened: Opener) -> None:
        whole = elf_core([Load(0x1000, b"a" * 100), Load(0x2000, b"b" * 100), Load(0x3000, b"c")])
        dump = opened(whole[:-51])
        assert read(dump, 0x2000, 100)[1] == Runs.of([(0, 50)])
        assert len(dump.spaces[0].runs(Span(0x3000, 1))) == 0
        assert dump.mappings[-1].span == Span(0x3000, 1)
        assert dump.warnings == (
            f"the dump is cut short at {len(whole) - 51} bytes: 2 of 3 segments reach past its "
            "end, 51 bytes are missing",
        )

    def test_notes_without_name_or_contents(self, opened: Opener) -> None:
        empty = note(b"", 0, b"") + note(b"", 7, b"abc") + note(b"CORE\0", 1, b"")
        listed = nt_file([(0x1000, 0x2000, 0, b"/bin/app")])
        dump = opened(elf_core([Load(0x1000, b"x")], empty + listed))
        assert dump.mappings[0].name == "/bin/app"

    def test_notes_padded_to_eight(self, opened: Opener) -> None:
        notes = note(b"CORE\0", 3, b"12345", align=8)
        notes += nt_file([(0x1000, 0x2000, 0, b"/bin/app")], align=8)
        dump = opened(elf_core([Load(0x1000, b"x")], notes, note_align=8))
        assert dump.mappings[0].name == "/bin/app"

    def test_notes_that_are_cut_are_one_warning(self, opened: Opener) -> None:
        rows = [Load(0, type=4, offset=1 << 40, filesz=10) for _ in range(1000)]
        dump = opened(elf_core([Load(0x1000, b"x"), *rows]))
        assert dump.warnings == ("the notes are cut: 10000 bytes of them were not read",)

    @pytest.mark.parametrize("align", [0, 1, 4])
    def test_other_alignments_of_notes_mean_four(self, opened: Opener, align: int) -> None:
        notes = note(b"CORE\0", 3, b"12345") + nt_file([(0x1000, 0x2000, 0, b"/bin/app")])
        dump = opened(elf_core([Load(0x1000, b"x")], notes, note_align=align))
        assert dump.mappings[0].name == "/bin/app"

    def test_freebsd_cores_list_no_files(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"x")], note(b"FreeBSD\0", 8, b"\0" * 32)))
        assert (dump.mappings[0].name, dump.mappings[0].kind) == ("", Kind.ANONYMOUS)

    def test_overlapping_segments_the_first_wins(self, opened: Opener) -> None:
        dump = opened(
            elf_core([Load(0x1002, b"bbbb"), Load(0x1000, b"aaaa"), Load(0x1001, b"cccccccc")])
        )
        assert read(dump, 0x1000, 10) == (b"aabbbbccc\0", Runs.of([(0, 9)]))
        assert [m.span for m in dump.mappings] == [
            Span(0x1000, 2), Span(0x1002, 4), Span(0x1006, 3)
        ]  # fmt: skip

    def test_more_bytes_than_addresses(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"abcdef", memsz=2)]))
        assert read(dump, 0x1000, 6)[0] == b"abcdef"
        assert "1 segments hold more bytes" in dump.warnings[0]

    def test_segments_of_size_zero(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000), Load(0x2000, b"x"), Load((1 << 64) - 1)]))
        assert rows(dump) == [(0x2000, 0x2001, "", "r-x")]

    def test_other_segments_are_not_memory(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"x"), Load(0x9000, b"y", type=0x70000001)]))
        assert len(dump.mappings) == 1

    def test_a_file_list_that_lost_its_last_name(self, opened: Opener) -> None:
        rows_only = struct.pack("<8Q", 2, 4096, 0x1000, 0x2000, 0, 0x2000, 0x3000, 1)
        cut = note(b"CORE\0", 0x46494C45, rows_only + b"/bin/app")
        dump = opened(elf_core([Load(0x1000, b"x", memsz=0x2000)], cut))
        assert [(m.name, m.file_offset) for m in dump.mappings] == [("/bin/app", 0), ("", 0x1000)]

    def test_a_file_list_that_promises_more_rows_than_it_has(self, opened: Opener) -> None:
        listed = nt_file([(0x1000, 0x2000, 0, b"/bin/app")], count=1000)
        dump = opened(elf_core([Load(0x1000, b"x")], listed))
        assert dump.mappings[0].name == ""
        assert "NT_FILE" in dump.warnings[0]

    @pytest.mark.parametrize("vaddr", [0, 0x100000], ids=["zero", "p_paddr"])
    def test_guests_are_physical(self, opened: Opener, vaddr: int) -> None:
        """QEMU writes p_vaddr = p_paddr without paging; other writers leave it zero."""
        loads = [
            Load(0, b"low", paddr=0, flags=0),
            Load(vaddr, b"high", paddr=0x100000, flags=0),
        ]
        dump = opened(elf_core(loads, note(b"QEMU\0", 0, bytes(440)), ehsize=8))
        assert dump.spaces[0].kind is SpaceKind.PHYSICAL
        assert read(dump, 0x100000, 4)[0] == b"high"
        assert rows(dump) == [
            (0, 3, "physical 0x0", None),
            (0x100000, 0x100004, "physical 0x100000", None),
        ]
        assert dump.modules == ()

    def test_guests_with_paging_are_virtual(self, opened: Opener) -> None:
        loads = [Load(0xFFFF800000000000, b"kernel", paddr=0x100000, flags=0)]
        dump = opened(elf_core(loads, note(b"QEMU\0", 0, bytes(440))))
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL
        assert read(dump, 0xFFFF800000000000, 6)[0] == b"kernel"

    def test_a_process_with_equal_addresses_is_virtual(self, opened: Opener) -> None:
        dump = opened(elf_core([Load(0x1000, b"x", paddr=0x1000)]))
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL

    def test_the_end_of_the_address_space(self, opened: Opener) -> None:
        dump = opened(elf_core([Load((1 << 64) - 4, b"last"), Load((1 << 64) - 8, b"long" * 9)]))
        assert read(dump, (1 << 64) - 8, 8)[0] == b"longlast"
        assert "1 segments leave the 64-bit address space" in dump.warnings[0]

    def test_the_end_of_a_32_bit_address_space(self, opened: Opener) -> None:
        dump = opened(elf_core([Load((1 << 32) - 4, b"last++")], bits=32, machine=3))
        assert dump.mappings[0].span == Span((1 << 32) - 4, 4)


class TestMappings:
    def test_a_segment_of_two_files_is_two_mappings(self, opened: Opener) -> None:
        files = [(0x1000, 0x2000, 0, b"/a"), (0x2000, 0x3000, 0, b"/b")]
        dump = opened(elf_core([Load(0x1000, bytes(0x3000))], nt_file(files)))
        assert rows(dump) == [
            (0x1000, 0x2000, "/a", "r-x"),
            (0x2000, 0x3000, "/b", "r-x"),
            (0x3000, 0x4000, "", "r-x"),
        ]

    def test_a_file_that_begins_below_its_segment(self, opened: Opener) -> None:
        dump = opened(
            elf_core([Load(0x2000, bytes(0x1000))], nt_file([(0x1000, 0x3000, 5, b"/a")]))
        )
        assert rows(dump) == [(0x1000, 0x2000, "/a", None), (0x2000, 0x3000, "/a", "r-x")]
        assert [mapping.file_offset for mapping in dump.mappings] == [0x5000, 0x6000]

    def test_files_that_overlap_cost_no_square(self, opened: Opener) -> None:
        """2,000 files that all cover 2,000 segments."""
        files = [(0x1000, 0x1000 + 16 * 2000, 0, b"/%d" % i) for i in range(2000)]
        loads = [Load(0x1000 + 16 * i, b"x" * 8) for i in range(2000)]
        assert len(opened(elf_core(loads, nt_file(files))).mappings) == 4000


class TestRefusals:
    @pytest.mark.parametrize(("type", "word"), [(2, "an executable"), (3, "a shared object")])
    def test_other_elf_files_are_named(self, opened: Opener, type: int, word: str) -> None:
        with pytest.raises(DumpError, match=f"{word}.*not a core; `format: raw`"):
            opened(elf_core([Load(0, b"x")], type=type))

    def test_a_core_without_memory(self, opened: Opener) -> None:
        with pytest.raises(DumpError, match="no PT_LOAD"):
            opened(elf_core([], note(b"CORE\0", 1, b"x")))

    def test_a_table_of_narrow_rows(self, opened: Opener) -> None:
        whole = bytearray(elf_core([Load(0, b"x")]))
        whole[54:56] = b"\x20\0"
        with pytest.raises(DumpError, match="e_phentsize is 32, not 56"):
            opened(bytes(whole))
