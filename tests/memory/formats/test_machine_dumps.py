"""Dumps of whole machines as ELF cores: real ones of QEMU, held against what QEMU said of the
running guest, and made-up ones of QEMU and VirtualBox from the builders."""

from __future__ import annotations

import io
import lzma
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from builders.elf import Load, elf_core, note
from builders.page_tables import PRESENT, USER, WRITE, PageTables, qemu_cpu, virtualbox_cpu
from builders.samples import sample
from memtiles.errors import DumpError, MemtilesError, UsageError
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.files.source import FileSource
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.runs import Runs
from memtiles.memory.space import Absence, SpaceKind
from memtiles.memory.span import Span

TINY, PAGING, LINUX = "gen_tiny4M.elf.xz", "gen_tiny4M_paging.elf.xz", "gen_qemu_linux61_80M.elf.xz"
HAL = Span.between(0xFFFF_F800_0080_0000, 0xFFFF_F800_0085_E000)
PAGE, MIB = 4096, 1 << 20
PAE, LONG = 1 << 5, 0x500
EM_386 = 3


def tables_of(dump: Dump) -> Tables:
    space = dump.spaces[0]
    assert isinstance(space, PagedSpace)
    return space.tables


def physical(dump: Dump) -> Any:
    return dump.space(SpaceKind.PHYSICAL)


# --------------------------------------------------------------------------------- real machines


@pytest.mark.parametrize(("name", "truth"), [(TINY, "tiny4M"), (LINUX, "linux61_80M")])
def test_mappings_are_those_of_qemus_info_mem(name: str, truth: str) -> None:
    """`info mem` has one row for neighbours of the same u and w; it does not know x."""
    lines = sample(f"truth/infomem-{truth}.txt").read_text().splitlines()
    expected = [line.split() for line in lines if line.strip()]
    told: list[list[str]] = []
    last = None
    with open_dump(sample(name)) as dump:
        for mapping in dump.mappings:
            user = "u" if mapping.kind is Kind.ANONYMOUS else "-"
            rights = f"{user}r{(mapping.protection or '')[1:2]}"
            start, end = mapping.span.start, mapping.span.end
            if last == (start, rights):
                start = int(told.pop()[0].split("-")[0], 16)
            told.append([f"{start:016x}-{end:016x}", f"{end - start:016x}", rights])
            last = (end, rights)
    assert told == expected


def formula(span: Span) -> bytes:
    """What tools/tinyguest/make_dump.py says of virtual byte i of the range: bit 12 is flipped."""
    offsets = ((span.start - HAL.start + i) ^ 0x1000 for i in range(span.size))
    return bytes((i >> 12 ^ i >> 4) & 0xFF for i in offsets)


@pytest.mark.parametrize("name", [TINY, PAGING])
def test_the_range_of_the_seed_article(name: str) -> None:
    with open_dump(sample(name)) as dump:
        assert tables_of(dump) == Tables(0x10_1000, PagingMode.X64, windows=True)
        memory = dump.spaces[0].read(Span(HAL.start, HAL.size + 1))
        assert memory.data[:-1].tobytes() == formula(HAL)
        assert memory.runs == Runs.of([(0, HAL.size)])
        holes = dump.spaces[0].holes(Span(HAL.start, HAL.size + 1))
        assert holes == {Absence.NOT_MAPPED: Runs.of([(HAL.size, 1)])}


def test_a_range_reads_only_the_tables_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, int]] = []
    really = FileSource.read_into

    def counted(self: FileSource, offset: int, buffer: memoryview) -> int:
        reads.append((offset, len(buffer)))
        return really(self, offset, buffer)

    with open_dump(sample(LINUX)) as dump:
        monkeypatch.setattr(FileSource, "read_into", counted)
        dump.spaces[0].read(Span(0xFFFF_FFFF_BB80_0000, 0x5E000))
        assert len(reads) == 4, "three tables and one piece of memory"
    reads.clear()
    with open_dump(sample(TINY)) as dump:
        opening = [size for offset, size in reads if offset > 0x498]
        assert sum(opening) <= 4 * PAGE, "of memory no more than what may be the top table"
        reads.clear()
        dump.spaces[0].read(HAL)
        pages = [offset for offset, size in reads[:4] if size == PAGE]
        assert [0x498 + page for page in (0x10_1000, 0x10_3000, 0x10_5000, 0x10_6000)] == pages
        assert sum(size for _, size in reads[4:]) == HAL.size


def test_the_segments_of_a_dump_with_paging_are_what_the_page_tables_say() -> None:
    """QEMU walked the tables itself when it wrote these."""
    contents = lzma.decompress(sample(PAGING).read_bytes())
    count = 0
    with open_dump(sample(PAGING)) as dump:
        for segment in ELFFile(io.BytesIO(contents)).iter_segments("PT_LOAD"):
            if not segment["p_vaddr"]:
                continue
            address = segment["p_vaddr"]
            if address >> 47 & 1 == 0:
                address &= (1 << 47) - 1  # QEMU 7.2 gives lower addresses a sign, too
            at, size = segment["p_offset"], segment["p_filesz"]
            memory = dump.spaces[0].read(Span(address, size))
            assert memory.data.tobytes() == contents[at : at + size]
            assert memory.runs.is_whole(size)
            count += 1
    assert count > 90


def symbol(name: str) -> int:
    log = sample("truth/serial-linux61_80M.log").read_text(errors="replace")
    found = re.search(rf"^([0-9a-f]{{16}}) \w {name}$", log, re.MULTILINE)
    assert found
    return int(found[1], 16)


@pytest.mark.parametrize("cr3", [None, 0x4AF_C000, "auto"])
def test_the_kernel_is_where_its_own_symbols_say(cr3: Any) -> None:
    """/proc/iomem of the running guest: "01000000-01e01ef1 : Kernel code"."""
    with open_dump(sample(LINUX), options=Options(cr3=cr3)) as dump:
        virtual = dump.spaces[0]
        code = virtual.read(Span(symbol("_text"), 0xE01EF2))
        assert code.runs.is_whole(0xE01EF2)
        assert code.data.tobytes() == physical(dump).read(Span(0x100_0000, 0xE01EF2)).data.tobytes()
        top = physical(dump).read(Span(0x100_0000 + symbol("init_top_pgt") - symbol("_text"), PAGE))
        assert virtual.read(Span(symbol("init_top_pgt"), PAGE)).data.tobytes() == top.data.tobytes()
        assert dump.system == "Linux 6.1.0-56-cloud-amd64"
        assert dump.warnings == dump.contents.warnings == ()


def test_a_kernel_module_of_the_running_guest() -> None:
    """/proc/modules: qemu_fw_cfg 20480 bytes at ffffffffc04b6000; its name stands in it."""
    with open_dump(sample(LINUX)) as dump:
        module = dump.spaces[0].read(Span(0xFFFF_FFFF_C04B_6000, 20480))
        assert b"qemu_fw_cfg" in module.data.tobytes()


def test_the_page_tables_of_the_process_are_taken() -> None:
    with (
        open_dump(sample(LINUX)) as dump,
        open_dump(sample(LINUX), options=Options(cr3="auto")) as auto,
    ):
        assert (tables_of(dump).root, dump.mappings[0].span.start) == (0x4AF_C000, 0x40_0000)
        assert tables_of(auto).root == 0x2A1_0000
        assert all(mapping.kind is Kind.KERNEL for mapping in auto.mappings)


# ------------------------------------------------------------------------------ made-up machines

Opener = Callable[..., Dump]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    with ExitStack() as stack:

        def opener(contents: bytes, **options: Any) -> Dump:
            path = tmp_path / "guest.elf"
            path.write_bytes(contents)
            return stack.enter_context(open_dump(path, options=Options(**options)))

        yield opener


def guest(
    tables: PageTables, notes: bytes, pieces: dict[int, bytes] | None = None, **elf: Any
) -> bytes:
    """A core of physical memory, as QEMU and VirtualBox write it."""
    loads = {tables.base: bytes(tables.memory), **(pieces or {})}
    segments = [Load(0, data, paddr=start, flags=0) for start, data in loads.items()]
    return elf_core(segments, notes, **elf)


def qemu(cr3: int, **registers: int) -> bytes:
    return note(b"CORE\0", 1, bytes(336)) + note(b"QEMU\0", 0, qemu_cpu(cr3, **registers))


def virtualbox(*cpus: bytes) -> bytes:
    """VirtualBox counts the names without their NUL, and pads them with more of them to 8."""
    core = struct.pack("<6I", 0xC01AC0DE, 0x10006, 24, 0, 0, len(cpus))
    notes = [(b"VBCORE", 0xB00, core), *((b"VBCPU", 0xB01, cpu) for cpu in cpus)]
    return b"".join(
        struct.pack("<III", len(name), len(desc), type) + name.ljust(8, b"\0") + desc
        for name, type, desc in notes
    )


def mapped(mode: str, virtual: int, **options: Any) -> PageTables:
    tables = PageTables(mode, **options)
    tables.map(virtual, 0x80_0000)
    return tables


MODES = [
    # mode, cr4 beside the flags that do not matter, EFER, address, machine, bits
    ("x86", 0x10, 0, 0xC000_1000, "x86", 32),
    ("pae", PAE, 0x800, 0xC000_1000, "x86", 32),
    ("x64", PAE, LONG, 0xFFFF_8000_0000_1000, "x86-64", 64),
    ("x64-5", PAE | 1 << 12, LONG, 0xFF00_0000_0000_1000, "x86-64", 64),
]


@pytest.mark.parametrize(("mode", "cr4", "efer", "virtual", "machine", "bits"), MODES)
@pytest.mark.parametrize("writer", ["qemu", "qemu, above 4 GiB", "virtualbox"])
def test_the_registers_tell_the_mode(
    opened: Opener,
    writer: str,
    mode: str,
    cr4: int,
    efer: int,
    virtual: int,
    machine: str,
    bits: int,
) -> None:
    """QEMU's file has 64 bits where the guest is in long mode or has more memory than 4 GiB;
    VirtualBox's always, and it always says x86-64."""
    tables = mapped(mode, virtual, skip=32 if mode == "pae" else 0)
    pieces = {0x80_0000: b"kernel" + bytes(PAGE - 6)}
    if writer == "virtualbox":
        notes = virtualbox(virtualbox_cpu(tables.root, cr4=cr4, efer=efer))
        core = guest(tables, notes, pieces)
    else:
        is_wide = bits == 64 or writer != "qemu"
        if is_wide:
            pieces[5 << 30] = b"high"
        core = guest(
            tables,
            qemu(tables.root | 0x18 if mode != "pae" else tables.root, cr4=cr4),
            pieces,
            bits=64 if is_wide else 32,
            machine=62 if bits == 64 else EM_386,
        )
    dump = opened(core)
    assert tables_of(dump) == Tables(tables.root, PagingMode(mode))
    assert (dump.machine, dump.address_bits) == (machine, bits)
    assert dump.spaces[0].read(Span(virtual, 6)).data.tobytes() == b"kernel"
    assert [mapping.span for mapping in dump.mappings] == [Span(virtual, PAGE)]
    assert physical(dump).read(Span(0x80_0000, 6)).data.tobytes() == b"kernel"
    assert dump.warnings == ()


def test_a_processor_that_does_not_page_is_passed_over(opened: Opener) -> None:
    """The second one of a guest that is still starting."""
    tables = mapped("x64", 0x1000)
    notes = qemu(0, cr0=0x6000_0010, cr4=0) + qemu(tables.root)
    assert tables_of(opened(guest(tables, notes))).root == tables.root
    dump = opened(guest(tables, qemu(0, cr0=0x6000_0010)))
    assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
    assert dump.warnings == ()


@pytest.mark.parametrize(
    "notes",
    [
        note(b"QEMU\0", 0, qemu_cpu(0x10_0000)[:0x1AF]),  # cut inside CR4
        note(b"QEMU\0", 0, b""),
        note(b"VBCPU", 0xB01, virtualbox_cpu(0x10_0000)[:0x1EF]),
        note(b"VBCPU", 0xB02, virtualbox_cpu(0x10_0000)),
        note(b"QEMV\0", 0, qemu_cpu(0x10_0000)),
    ],
)
def test_notes_that_tell_no_registers(opened: Opener, notes: bytes) -> None:
    dump = opened(guest(mapped("x64", 0x1000), notes))
    assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]


@pytest.mark.parametrize("cr3", [0xDEAD_0000, 1 << 51, 0x10_0000 - PAGE])
def test_page_tables_that_are_not_in_the_dump(opened: Opener, cr3: int) -> None:
    dump = opened(guest(mapped("x64", 0x1000), qemu(cr3)))
    assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
    (warning,) = dump.warnings
    assert f"should be at physical address {cr3:#x}, but are not in the dump" in warning
    assert len(dump.mappings) == 1


def test_page_tables_that_map_nothing(opened: Opener) -> None:
    dump = opened(guest(mapped("x64", 0x1000), qemu(0x10_0000 + 8 * PAGE)))
    assert dump.mappings == ()
    assert dump.contents.warnings == (
        "its page tables map nothing: take physical addresses (space: physical)",
    )


def test_the_user_names_other_page_tables(opened: Opener) -> None:
    tables = mapped("x64", 0x1000)
    core = guest(tables, qemu(0xDEAD_0000), {0x80_0000: b"here"})
    dump = opened(core, cr3=tables.root)
    assert dump.spaces[0].read(Span(0x1000, 4)).data.tobytes() == b"here"
    assert dump.warnings == ()
    with pytest.raises(DumpError, match="no page tables at physical address 0x5000"):
        opened(core, cr3=0x5000)


def test_a_processor_whose_tables_are_there_comes_first(opened: Opener) -> None:
    tables = mapped("x64", 0x1000)
    dump = opened(guest(tables, qemu(0xDEAD_0000) + qemu(tables.root)))
    assert tables_of(dump).root == tables.root


def isolated() -> PageTables:
    """Linux with KPTI: the kernel's top table, and in the page behind it that of the process."""
    tables = PageTables("x64", 64 << 10, left=PAGE)
    tables.map(0x40_0000, 0x80_0000, PAGE, PRESENT | USER)
    tables.map(0xFFFF_FFFF_8020_0000, 0, 2 * MIB, PRESENT | WRITE)
    half = PAGE // 2
    tables.memory[PAGE : 2 * PAGE] = tables.memory[:half] + bytes(half)
    # The kernel may not execute the process's pages.
    tables.memory[7] |= 0x80
    return tables


def vmcoreinfo(top_table: int) -> bytes:
    """A kernel that maps physical 0 at 0xffffffff80200000 says where its own top table is."""
    directory = 0xFFFF_FFFF_8020_0000 + top_table
    text = f"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)={directory:x}\nNUMBER(phys_base)=-2097152\n"
    return note(b"VMCOREINFO\0", 0, text.encode())


@pytest.mark.parametrize("info", [b"", vmcoreinfo(0x10_8000)])
@pytest.mark.parametrize("writer", ["qemu", "virtualbox"])
def test_a_processor_in_a_program_shows_the_kernel_all_the_same(
    opened: Opener, info: bytes, writer: str
) -> None:
    """KPTI: while a program runs, CR3 has bit 12 and names tables that have nothing of the kernel
    but its entry code."""
    tables = isolated()
    cr3 = tables.root | 0x1000 | 0x80  # PCID 0x80
    cpu = virtualbox(virtualbox_cpu(cr3)) if writer == "virtualbox" else qemu(cr3)
    dump = opened(guest(tables, cpu + info, {0x80_0000: b"program"}))
    assert tables_of(dump) == Tables(tables.root, PagingMode.X64)
    assert [(m.span.start, m.kind) for m in dump.mappings] == [
        (0x40_0000, Kind.ANONYMOUS),
        (0xFFFF_FFFF_8020_0000, Kind.KERNEL),
    ]
    assert dump.spaces[0].read(Span(0x40_0000, 7)).data.tobytes() == b"program"


def test_bit_12_alone_is_no_isolation(opened: Opener) -> None:
    tables = PageTables("x64", base=0x10_1000)
    tables.map(0x1000, 0x80_0000)
    other = PageTables("x64", PAGE, base=0x10_0000)
    dump = opened(guest(tables, qemu(tables.root), {0x10_0000: bytes(other.memory)}))
    assert tables_of(dump).root == 0x10_1000


def test_a_processor_in_the_kernel_comes_first(opened: Opener) -> None:
    """The other may have the tables of a program without the kernel (KPTI, KVA shadow)."""
    tables = PageTables("x64")
    tables.map(0xFFFF_8000_0000_0000, 0)
    program = PageTables("x64", 64 << 10, base=0x30_0000)
    program.map(0x1000, 0)

    def cpus(first: int, second: int) -> bytes:
        states = [bytearray(qemu_cpu(root)) for root in (program.root, tables.root)]
        for state, selector in zip(states, (first, second), strict=True):
            struct.pack_into("<I", state, 0x98, selector)  # of CS
        return b"".join(note(b"QEMU\0", 0, bytes(state)) for state in states)

    pieces = {program.base: bytes(program.memory)}
    assert tables_of(opened(guest(tables, cpus(0x33, 0x10), pieces))).root == tables.root
    assert tables_of(opened(guest(tables, cpus(0x33, 0x33), pieces))).root == program.root


def test_linux_without_registers(opened: Opener) -> None:
    """VMCOREINFO alone leads to the kernel's tables, such as those of /proc/vmcore."""
    tables = isolated()
    dump = opened(guest(tables, vmcoreinfo(tables.root)))
    assert tables_of(dump) == Tables(tables.root, PagingMode.X64)
    assert dump.system == "Linux 6.1.0"


def test_segments_that_reach_past_the_file(opened: Opener) -> None:
    """Tables that are cut off leave holes; the rest can be read."""
    tables = PageTables("x64", 6 * PAGE)
    tables.map(0x1000, 0x1000)
    tables.map(0x40_0000, 0x2000)
    low = b"".join(bytes([page]) * PAGE for page in range(4))
    loads = [
        Load(0, low, paddr=0, flags=0),
        Load(0, bytes(tables.memory), paddr=tables.base, flags=0),
    ]
    whole = elf_core(loads, qemu(tables.root))
    assert opened(whole).spaces[0].read(Span(0x40_0000, 1)).data.tobytes() == b"\2"
    dump = opened(whole[: -2 * PAGE])  # the last table of all maps 0x40_0000
    assert dump.spaces[0].read(Span(0x1000, 1)).data.tobytes() == b"\1"
    assert dump.spaces[0].holes(Span(0x40_0000, 1)) == {Absence.NOT_IN_FILE: Runs.of([(0, 1)])}
    assert "cut short" in dump.warnings[0]
    assert "page tables of 2,097,152 bytes of addresses are not in" in dump.contents.warnings[-1]
    dump = opened(whole[: -6 * PAGE])
    assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
    assert "but are not in the dump" in dump.warnings[-1]


def test_a_machine_that_is_cut_at_every_byte(opened: Opener) -> None:
    """It opens, or says why not; what it then promises can be read."""
    tables = mapped("pae", 0x1000, size=3 * PAGE, base=0)
    whole = elf_core([Load(0, bytes(tables.memory), paddr=0, flags=0)], qemu(tables.root))
    head = len(whole) - 3 * PAGE
    for end in [*range(head + 70), *range(head + 70, len(whole), 511)]:
        try:
            dump = opened(whole[:end])
        except MemtilesError:
            continue
        for space in dump.spaces:
            for mapping in dump.read_contents(space).mappings:
                span = Span(mapping.span.start, min(mapping.span.size, PAGE))
                assert space.read(span).runs == space.runs(span)


@pytest.mark.parametrize("value", [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1])
def test_absurd_registers(opened: Opener, value: int) -> None:
    tables = mapped("x64", 0x1000)
    for cpu in (
        qemu(value),
        qemu(tables.root, cr4=value),
        qemu(tables.root, cr0=value),
        virtualbox(virtualbox_cpu(value)),
        virtualbox(virtualbox_cpu(tables.root, efer=value)),
    ):
        dump = opened(guest(tables, cpu))
        assert dump.spaces[-1].kind is SpaceKind.PHYSICAL
        assert len(dump.mappings) <= 2
        dump.spaces[0].read(Span(0, PAGE))


def test_a_process_has_no_page_tables(opened: Opener) -> None:
    core = elf_core([Load(0x1000, b"text")], note(b"CORE\0", 1, bytes(336)))
    with pytest.raises(UsageError, match="no page tables"):
        opened(core, cr3=0x1000)
