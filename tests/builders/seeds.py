"""A small dump of each kind, whole and sound: what fuzz tests damage."""

from __future__ import annotations

from builders.avml import STREAM, avml_range, chunk
from builders.elf import Load, elf_core, note, nt_file
from builders.kdump import Kdump, flattened
from builders.lime import lime
from builders.macho import Segment, macho_core
from builders.minidump import LINUX_MAPS, Info, Minidump, Thread
from builders.page_tables import PageTables, qemu_cpu, virtualbox_cpu
from builders.pe import HAL, pe_image
from builders.sections import core_with_sections
from builders.user_dump import Region, UserDump
from builders.windows_crash import bitmap_dump, full_dump, ranges_dump, summary_dump, triage_dump
from builders.windows_kernel import DRIVERS, PAGE, WindowsMemory, add_module_list
from builders.windows_process import peb, pointers, segment, teb

HEAD, HEAD_32 = 0xFFFF_F800_0000_0020, 0x8000_0020
TABLES_AT = 0x10_0000
"""Where the page tables of the machine in `raw` begin, which is where the file does."""
LINUX = b"OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff80100000\n"
LINUX += b"NUMBER(phys_base)=0\nKERNELOFFSET=0\n"
MAPS = b"00001000-00002000 r-xp 00000000 08:01 11 /bin/app\n7000-9000 rw-p 0 0:0 0 [stack]\n"


def seeds() -> dict[str, bytes]:
    """The dumps by name, which begins with that of the format."""
    tables = _tables("x64")
    machine = bytes(tables.memory)
    loads = [Load(0, machine, paddr=tables.base)]
    return {
        "elf-core process": core_with_sections(),
        "elf-core of 32 bits, big-endian": _core_32(),
        "elf-core of a QEMU machine": elf_core(
            loads, note(b"QEMU\0", 0, qemu_cpu(tables.root)) + note(b"VMCOREINFO\0", 0, LINUX)
        ),
        "elf-core of a VirtualBox machine": elf_core(
            loads, note(b"VBCPU\0", 0xB01, virtualbox_cpu(tables.root))
        ),
        "elf-core of a PAE machine": _pae_core(),
        "minidump of Windows": _windows_minidump(),
        "minidump of Linux": (
            Minidump()
            .system(9, 0x8201, (0, 0, 0), "Linux 6.1")
            .stream(LINUX_MAPS, MAPS)
            .modules([(0x1000, 0x1000, "/bin/app")])
            .threads([Thread(5, 0x7010, b"stack")])
            .memory([(0x1000, b"abc")])
            .data
        ),
        "user-dump of 64 bits": _user_dump(64),
        "user-dump of 32 bits": _user_dump(32),
        **_crash_dumps(),
        "lime": lime({tables.base: machine, 0x4000_0000: b"more"}),
        "avml": _avml({tables.base: machine[:0x3000], 0x4000_0000: b"more"}),
        "kdump": _kdump(),
        "kdump flattened": flattened(_kdump(), step=3000),
        "macho-core": macho_core(
            [Segment(0x1000, pe_image(HAL)[:0x2000]), Segment(0x9000, b"data", vmsize=0x3000)]
        ),
        "raw": machine,
    }


def _tables(mode: str) -> PageTables:
    tables = PageTables(mode, size=0x8000, base=TABLES_AT)
    # They map themselves: memory that is surely there.
    high = 0x8000_0000 if mode in ("x86", "pae") else 0xFFFF_8000_0000_0000
    for number in range(6):
        tables.map(high + number * PAGE, tables.base + number * PAGE)
    tables.map(0x40_0000, tables.base + 0x1000)
    return tables


def _core_32() -> bytes:
    loads = [Load(0x1000, b"text" * 9), Load(0x2000, b"data", memsz=0x1000), Load(0x5000, b"end")]
    files = nt_file(
        [(0x1000, 0x2000, 0, b"/bin/app"), (0x2000, 0x3000, 1, b"/bin/app")], bits=32, order=">"
    )
    return elf_core(loads, files, bits=32, order=">")


def _pae_core() -> bytes:
    tables = _tables("pae")
    processor = qemu_cpu(tables.root, cr4=0x20)
    return elf_core(
        [Load(0, bytes(tables.memory), paddr=tables.base)],
        note(b"QEMU\0", 0, processor),
        bits=32,
        machine=3,
    )


_PROCESS = 0x7FFF_0000


def _landmarks() -> list[tuple[int, bytes]]:
    """A thread's and the process's environment, and a heap of two segments."""
    at = _PROCESS
    first, second = 0x20_0000, 0x30_0000
    return [
        (at, teb(at, at + 0x1000, 0x3F000)),
        (at + 0x1000, peb(1, at + 0x2000)),
        (at + 0x2000, pointers([first])),
        (first, segment(first, second + 0x18)),
        (second, segment(first, first + 0x18)),
    ]


def _windows_minidump() -> bytes:
    memory = [(0x1000, pe_image(HAL)[:0x800]), *_landmarks()]
    return (
        Minidump()
        .system()
        .threads([Thread(5, 0x3F000, b"stack", teb=_PROCESS), Thread(6, 0x4F000, b"other")])
        .thread_names({5: "main", 6: "worker"})
        .modules([(0x1000, 0x5000, "C:\\hal.dll"), (0x8000, 0x1000, "x.dll")])
        .unloaded([(0x9000, 0x1000, "gone.dll")])
        .memory_info(
            [
                Info(0x1000, 0x5000, type=0x1000000),
                Info(0x3F000, 0x1000, 0x30000),
                *(Info(address, 0x1000) for address, _ in memory[1:]),
            ]
        )
        .memory(memory[:3])
        .memory64(memory[3:])
        .data
    )


def _user_dump(bits: int) -> bytes:
    return UserDump(
        [
            Region(0x10000, pe_image(HAL)[:0x800], type=0x1000000, protect=0x20, size=0x800),
            *(Region(at, data) for at, data in _landmarks() if bits == 64),
            Region(0x3F000, b"the stack", allocation=0x30000),
        ],
        [(0x10000, 0x3000, b"C:\\Windows\\app.exe\0"), (0x90000, 0x1000, b"x.dll\0")],
        [(0x2098, 0x3F004), (0x2F64, 0x7777)],
        bits=bits,
    ).data


def _windows_memory(mode: str, head: int) -> WindowsMemory:
    """A machine with nothing but page tables and one page, in which is the list of modules."""
    memory = WindowsMemory(mode, numbers=24)
    add_module_list(memory, head, head + 0x40, [("hal.dll", r"\hal.dll", head - 0x20, 2 * PAGE)])
    return memory


def _crash_dumps() -> dict[str, bytes]:
    memory = _windows_memory("x64", HEAD)
    narrow = _windows_memory("pae", HEAD_32)
    pages, few = memory.stored(), narrow.stored()
    drivers = [(path, base, size) for _, path, base, size in DRIVERS]

    def wide(**more: int) -> dict[str, int]:
        return {"cr3": memory.root, "module_list": HEAD, **more}

    of_32 = {"bits": 32, "cr3": narrow.root, "module_list": HEAD_32}
    return {
        "windows-crash 1": full_dump(pages, **wide()),
        "windows-crash 2": summary_dump(pages, **wide()),
        "windows-crash 4": triage_dump(
            [(HEAD, b"some memory"), (HEAD + 0x1000, b"more")],
            drivers,
            stack=(HEAD + 0x3000, b"stack"),
        ),
        "windows-crash 5": bitmap_dump(pages, **wide()),
        "windows-crash 6": bitmap_dump(pages, 6, magic=b"FDMP", **wide()),
        "windows-crash 8": ranges_dump(pages, 8, **wide()),
        "windows-crash 1 of 32 bits": full_dump(few, pae=1, **of_32),
        "windows-crash 4 of 32 bits": triage_dump(
            [(0x80001000, b"memory")], [("a.sys", 0x80000000, 9)], bits=32
        ),
    }


def _avml(ranges: dict[int, bytes]) -> bytes:
    """Not packed at all: cramjam, which packs, may not be installed."""
    return b"".join(
        avml_range(start, data, stream=STREAM + chunk(1, data, data))
        for start, data in ranges.items()
    )


def _kdump() -> bytes:
    tables = _tables("x64")
    pages = {
        (tables.base >> 12) + number: bytes(tables.memory[number * PAGE :][:PAGE])
        for number in range(8)
    }
    notes = note(b"CORE\0", 1, b"registers") + note(b"QEMU\0", 0, qemu_cpu(tables.root))
    return Kdump(pages, vmcoreinfo=LINUX, notes=notes).bytes()
