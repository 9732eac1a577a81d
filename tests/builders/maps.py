r"""Texts of other tools, as people paste and save them.

WinDbg's are typed after its documentation and sessions that people published, with addresses of
one's own; Volatility's and MemProcFS's are written in the forms of their own sources
(volatility3/cli/text_renderer.py, vmm/modules/m_proc_ldrmodules.c and m_proc_memmap.c).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

LM = r"""
Microsoft (R) Windows Debugger Version 10.0.22621.382 AMD64
0: kd> k
 # Child-SP          RetAddr               Call Site
00 fffff800`00801000 fffff800`00802000     nt!KeBugCheckEx
0: kd> lm
start             end                 module name
fffff800`00800000 fffff800`0085e000   hal        (deferred)
fffff80000a00000 fffff80000b00000   nt       # (pdb symbols)          c:\symbols\ntkrnlmp.pdb
fffff800`01000000 fffff800`01000000   empty      (deferred)
fffff800`02001000 fffff800`02000000   backwards  (deferred)
fffff800`03000000 fffff80   cut
*** ERROR: Symbol file could not be found.
Unloaded modules:
fffff800`05000000 fffff800`06000000   dump_storpor
fffff800`05000000 fffff800`06000000   dump_storpor

0: kd> dq fffff800`00800000
fffff800`00800000  00000003`00905a4d 0000ffff`00000004
0: kd> lmf
start             end                 module name
fffff800`04000000 fffff800`04010000   Ntfs     \SystemRoot\System32\Drivers\Ntfs.sys
"""

LM_32 = r"""0:000> lmf
start    end        module name
00400000 00428000   notepad    C:\Windows\notepad.exe
76290000 762ad000   IMM32      C:\Windows\system32\IMM32.DLL
"""

LM_BARE = """fffff800`00800000 fffff800`0085e000   hal
fffff800`00a00000 fffff800`00b00000   nt
"""

LMV = r"""0: kd> lmv m nt
Browse full module list
start             end                 module name
fffff807`22400000 fffff807`23447000   nt       (pdb symbols)       c:\sym\ntkrnlmp.pdb\ntkrnlmp.pdb
    Loaded symbol image file: c:\sym\ntkrnlmp.exe\E8F0A9EF1047000\ntkrnlmp.exe
    Image path: ntkrnlmp.exe
    Image name: ntkrnlmp.exe
    Browse all global symbols  functions  data
    Image was built with /Brepro flag.
    Timestamp:        EF09A9E8 (This is a reproducible build file hash, not a timestamp)
    CheckSum:         00A6B7E1
    ImageSize:        01047000
    Translations:     0000.04b0 0000.04e4 0409.04b0 0409.04e4
fffff807`24000000 fffff807`24010000   mydriver   (deferred)
    Mapped memory image file: c:\sym\mydriver.sys
    Image path: \??\C:\Users\me\mydriver.sys
    Image name: mydriver.sys
fffff807`25000000 fffff807`25010000   third      (deferred)
    Loaded symbol image file: c:\sym\third.sys
    Timestamp:        Wed Aug  4 07:56:01 2021

Unloaded modules:
fffff807`2a000000 fffff807`2a010000   WdBoot.sys
    Timestamp: unavailable (00000000)
    Image path: should\not\count.sys
"""

ADDRESS_64 = r"""0:000> !address

                                     
Mapping file section regions...
Mapping module regions...
Mapping PEB regions...
Mapping TEB and stack regions...
Mapping heap regions...

        BaseAddress      EndAddress+1        RegionSize     Type       State                 Protect             Usage
--------------------------------------------------------------------------------------------------------------------------
+        0`00000000        0`7ffe0000        0`7ffe0000             MEM_FREE    PAGE_NOACCESS                      Free       
+        0`7ffe0000        0`7ffe1000        0`00001000 MEM_PRIVATE MEM_COMMIT  PAGE_READONLY                      Other      [User Shared Data]
+       18`ed000000       18`ed0f9000        0`000f9000 MEM_PRIVATE MEM_RESERVE                                    Stack      [~0; 720.38fc]
        18`ed0f9000       18`ed0fc000        0`00003000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE | PAGE_GUARD        Stack      [~0; 720.38fc]
        18`ed0fc000       18`ed100000        0`00004000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE                     Stack      [~0; 720.38fc]
+       18`ed1df000       18`ed1e0000        0`00001000 MEM_PRIVATE MEM_COMMIT                                     PEB        [720]
        18`ed1e0000       18`ed1e2000        0`00002000 MEM_PRIVATE MEM_COMMIT                                     TEB        [~0; 720.38fc]
+      234`10e00000      234`10e10000        0`00010000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE                     Heap       [ID: 0; Handle: 0000023410e00000; Type: Segment]
+      234`10e70000      234`111a8000        0`00338000 MEM_MAPPED  MEM_COMMIT  PAGE_READONLY                      <unknown>  [........hL..xw..]
+      234`11200000      234`11300000        0`00100000 MEM_MAPPED  MEM_COMMIT  PAGE_READONLY                      MappedFile "\Device\HarddiskVolume3\Windows\System32\locale.nls"
+      234`11400000      234`11410000        0`00010000 MEM_MAPPED  MEM_COMMIT  PAGE_READWRITE                     MappedFile "PageFile"
+     7ffe`5f5e0000     7ffe`5f5e1000        0`00001000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY                      Image      [netapi32; "C:\Windows\System32\netapi32.dll"]
      7ffe`5f5e1000     7ffe`5f5ed000        0`0000c000 MEM_IMAGE   MEM_COMMIT  PAGE_EXECUTE_READ                  Image      [netapi32; "C:\Windows\System32\netapi32.dll"]
      7ffe`5f5ed000     7ffe`5f5f4000        0`00007000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY                      Image      [netapi32; "C:\Windows\System32\netapi32.dll"]
      7ffe`5f5f4000     7ffe`5f5f9000        0`00005000 MEM_IMAGE   MEM_COMMIT  PAGE_WRITECOPY                     Image      [netapi32; "C:\Windows\System32\netapi32.dll"]
+     7ffe`5f5f9000     7ffe`5f810000        0`00217000             MEM_FREE    PAGE_NOACCESS                      Free       
+     7ffe`5f810000     7ffe`5f811000        0`00001000 MEM_IMAGE   MEM_COMMIT  PAGE_EXECUTE_WRITECOPY             Image      [jit]
+     7fff`ffff0000 10000`00000000           0`00010000 MEM_COMMIT

--- Usage Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy %ofTotal
Free                                    579     7df9`74541000 ( 125.974 TB)           98.42%
"""  # noqa: E501, W291, W293

ADDRESS_32 = r"""  BaseAddr EndAddr+1 RgnSize     Type       State                 Protect             Usage
-----------------------------------------------------------------------------------------------
+        0    10000    10000             MEM_FREE    PAGE_NOACCESS                      Free       
+    10000    20000    10000 MEM_MAPPED  MEM_COMMIT  PAGE_READWRITE                     Heap       [ID: 1; Handle: 00010000; Type: Segment]
+ 774e0000 774e1000     1000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY                      Image      [ntdll; "ntdll.dll"]
  774e1000 77606000   125000 MEM_IMAGE   MEM_COMMIT  PAGE_EXECUTE_READ                  Image      [ntdll; "ntdll.dll"]
+ fffe0000        0    20000 MEM_PRIVATE MEM_COMMIT  PAGE_EXECUTE_READWRITE             <unknown>  
"""  # noqa: E501, W291

ADDRESS_OLDER = r"""0:000:x86> !address
 
  BaseAddr EndAddr+1 RgnSize     Type       State                 Protect             Usage
-------------------------------------------------------------------------------------------
*        0    10000    10000             MEM_FREE    PAGE_NOACCESS                      Free 
*    10000    20000    10000 MEM_MAPPED  MEM_COMMIT  PAGE_READWRITE                     MemoryMappedFile "PageFile"
*    40000    41000     1000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY                      <unclassified> 
*    90000    cc000    3c000 MEM_PRIVATE MEM_RESERVE                                    Stack32 [1b54.12ac; ~0]
|-   cc000    ce000     2000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE|PAGE_GUARD          Stack32 [1b54.12ac; ~0]
|-   ce000    d0000     2000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE                     Stack32 [1b54.12ac; ~0]
*    d0000    d4000     4000 MEM_MAPPED  MEM_COMMIT  PAGE_READONLY                      MemoryMappedFile "\Device\x.nls"
"""  # noqa: E501, W291, W293

ADDRESS_PARAGRAPHS = r"""0:000> !address
    02240000 : 02240000 - 00012000
                    Type     00020000 MEM_PRIVATE
                    Protect  00000004 PAGE_READWRITE
                    State    00001000 MEM_COMMIT
                    Usage    RegionUsageIsVAD
               02252000 - 00fee000
                    Type     00020000 MEM_PRIVATE
                    Protect  00000000
                    State    00002000 MEM_RESERVE
                    Usage    RegionUsageStack
                    Pid.Tid  a94.9b0
    03240000 : 03240000 - 73050000
                    Type     00000000
                    Protect  00000001 PAGE_NOACCESS
                    State    00010000 MEM_FREE
                    Usage    RegionUsageFree
    76290000 : 76290000 – 00001000
                    Type     01000000 MEM_IMAGE
                    Protect  00000002 PAGE_READONLY
                    State    00001000 MEM_COMMIT
                    Usage    RegionUsageImage
                    FullPath C:\WINDOWS\system32\IMM32.DLL
               76291000 – 00015000
                    Type     01000000 MEM_IMAGE
                    Protect  00000020 PAGE_EXECUTE_READ
                    State    00001000 MEM_COMMIT
                    Usage    RegionUsageImage
                    FullPath C:\WINDOWS\system32\IMM32.DLL

-------------------- Usage SUMMARY --------------------------
    TotSize (      KB)   Pct(Tots) Pct(Busy)   Usage
   11c4000 (    18192) : 00.87%    02.27%    : RegionUsageIsVAD
"""

ADDRESS_KERNEL = """kd> !address
  804de000 - 00235000                           
          Usage       KernelSpaceUsageImage
          ImageName   ntoskrnl.exe

  80c00000 - 001e1000
          Usage       KernelSpaceUsagePFNDatabase

  f85b0000 - 00004000
          Usage       KernelSpaceUsageKernelStack
          KernelStack 817b4da0 : 324.368
"""  # noqa: W291

GDB_OLD = """(gdb) info proc mappings
process 4242
Mapped address spaces:

          Start Addr           End Addr       Size     Offset objfile
            0x400000           0x401000     0x1000        0x0 /usr/bin/a b
            0x401000           0x403000     0x2000     0x1000 /usr/bin/a b
            0x800000           0x821000    0x21000        0x0 [heap]
      0x7ffff7ff9000     0x7ffff7ffb000     0x2000        0x0 
      0x7ffffffde000     0x7ffffffff000    0x21000        0x0 [stack]
"""  # noqa: W291

GDB_FILES = """(gdb) info files
Symbols from "/usr/bin/app".
Local core dump file:
\t`/tmp/core.1', file type elf64-x86-64.
\t0x0000000000400000 - 0x0000000000401000 is load1
\t0x00007ffff7dd0000 - 0x00007ffff7dd0000 is load2a
Local exec file:
\t`/usr/bin/app', file type elf64-x86-64.
\tEntry point: 0x401040
\t0x00000000004002a8 - 0x00000000004002c4 is .interp
\t0x0000000000401000 - 0x0000000000401185 is .text
\t0x0000000000404020 - 0x0000000000404028 is .bss
\t0x00007ffff7dd02a8 - 0x00007ffff7dd02cc is .note.gnu.build-id in /usr/lib/libc.so.6
\t0x00007ffff7df6000 - 0x00007ffff7f6b000 is .text in /usr/lib/libc.so.6
\t0x00007ffff7fc1120 - 0x00007ffff7fc1170 is .hash in system-supplied DSO at 0x7ffff7fc1000
"""


def memprocfs_modules(rows: Sequence[tuple[int, int, int, bool, str]]) -> str:
    """modules.txt of 64-bit Windows, of rows (pid, base, size, 32-bit, name)."""
    lines = [
        "   #    PID    Pages      Range Start-End                 Description".ljust(122),
        "-" * 122,
    ]
    for index, (pid, base, size, narrow, name) in enumerate(rows):
        span = f"{base:016x}-{base + size - 1:016x}"
        wow = "32" if narrow else "  "
        lines.append(
            f"{index:04x}{pid:7d} {size >> 12 & 0xFFFFFFFF:8x} {span} {wow} {name[-64:]}"[
                :122
            ].ljust(122)
        )
    return "\n".join(lines) + "\n"


MEMPROCFS_MODULES = memprocfs_modules(
    [
        (1234, 0x7FF6_0000_0000, 0x5000, False, "app.exe"),
        (1234, 0x7FFE_0000_0000, 0x1F8000, False, "ntdll.dll"),
        (1234, 0x7700_0000, 0x1A4000, True, "ntdll.dll"),
    ]
)

MEMPROCFS_VAD = """\
   #    PID   Object Address    Pages     Commit      Range Start-End              Type  FLAGS  Description
--------------------------------------------------------------------------------------------------------
0000   1234 ffffa50d8f5a1230        1        1 1 000000007ffe0000-000000007ffe0fff       p-r---
0001   1234 ffffa50d8f5a1280      100        c 0 00000018ed000000-00000018ed0fffff Stack p-rw--  TID:38fc
0002   1234 ffffa50d8f5a12d0       10       10 0 0000023410e00000-0000023410e0ffff Heap  p-rw--
0003   1234 ffffa50d8f5a1320      100        0 0 0000023411200000-00000234112fffff File  --r---  \\Windows\\System32\\locale.nls
0004   1234 ffffa50d8f5a1370       19        4 0 00007ffe5f5e0000-00007ffe5f5f8fff Image ---wxc \\Windows\\System32\\netapi32.dll
"""  # noqa: E501

MEMPROCFS_PTE = """\
   #    PID    Pages      Range Start-End              FLAGS   Description
0000   1234        1 00007ffe5f5e0000-00007ffe5f5e0fff -r--    netapi32.dll
0001   1234        c 00007ffe5f5e1000-00007ffe5f5ecfff -r-x    netapi32.dll
0002   1234        2 0000000077000000-0000000077001fff srw- 32 ntdll.dll
"""

MAPS = """$ cat /proc/1234/maps
00400000-00401000 r-xp 00000000 fe:00 29755                              /usr/bin/app
00600000-00621000 rw-p 00000000 00:00 0                                  [heap]
7ffc84e72000-7ffc84e93000 rw-p 00000000 00:00 0                          [stack]
$
"""

SMAPS = """00400000-00401000 r-xp 00000000 fe:00 29755                              /usr/bin/app
Size:                  4 kB
KernelPageSize:        4 kB
VmFlags: rd ex mr mw me
"""

CSV = "name,start,end\napp,0x400000,0x410000\n"

# Volatility's tables, by plugin: columns, and rows of numbers and texts; None is an absent value.
Table = tuple[Sequence[str], Sequence[Sequence[int | str | None]]]

MODULES: Table = (
    ("Offset", "Base", "Size", "Name", "Path", "File output"),
    [
        (
            0xE0001234,
            0xFFFFF80000A00000,
            0x100000,
            "ntoskrnl.exe",
            r"\SystemRoot\nt.exe",
            "Disabled",
        ),
        (0xE0005678, 0xFFFFF80000800000, 0x5E000, "hal.dll", None, "Disabled"),
    ],
)
DLLLIST: Table = (
    ("PID", "Process", "Base", "Size", "Name", "Path", "LoadTime", "File output"),
    [
        (
            88,
            "smss.exe",
            0x7FF600000000,
            0x5000,
            "smss.exe",
            r"C:\Windows\smss.exe",
            None,
            "Disabled",
        ),
        (1234, "a, b", 0x7FFE00000000, 0x1F8000, "ntdll.dll", r"C:\W\ntdll.dll", None, "Disabled"),
        (1234, "a, b", None, 0x1000, None, None, None, "Disabled"),
    ],
)
VADINFO: Table = (
    (
        *("PID", "Process", "Offset", "Start VPN", "End VPN", "Tag", "Protection"),
        *("CommitCharge", "PrivateMemory", "Parent", "File", "File output"),
    ),
    [
        (
            *(1234, "app.exe", 0xA50D0001, 0x7FFE0000, 0x7FFE0FFF, "VadS", "PAGE_READONLY"),
            *(1, 1, 0, None, "Disabled"),
        ),
        (
            *(1234, "app.exe", 0xA50D0002, 0x7FFE5F5E0000, 0x7FFE5F5F8FFF, "Vad "),
            *("PAGE_EXECUTE_WRITECOPY", 4, 0, 0, r"\Windows\System32\netapi32.dll", "Disabled"),
        ),
        (
            *(1234, "app.exe", 0xA50D0003, 0x23411200000, 0x234112FFFFF, "Vad ", "PAGE_READONLY"),
            *(0, 0, 0, r"\Windows\System32\locale.nls", "Disabled"),
        ),
        (
            *(1234, "app.exe", 0xA50D0004, 0x18ED000000, 0x18ED0FFFFF, "VadS"),
            *("PAGE_READWRITE|PAGE_GUARD", 12, 1, 0, None, "Disabled"),
        ),
    ],
)
LINUX_MAPS: Table = (
    (
        *("PID", "Process", "Start", "End", "Flags", "PgOff", "Major", "Minor", "Inode"),
        *("File Path", "File output"),
    ),
    [
        (1, "init", 0x400000, 0x401000, "r-x", 0, 254, 0, 7, "/sbin/init", "Disabled"),
        (1, "init", 0x401000, 0x402000, "rw-", 0x1000, 254, 0, 7, "/sbin/init", "Disabled"),
        (1, "init", 0x402000, 0x403000, "rw-", 0, 0, 0, 0, "Anonymous Mapping", "Disabled"),
        (1, "init", 0x600000, 0x621000, "rw-", 0, 0, 0, 0, "[heap]", "Disabled"),
    ],
)
_DECIMAL = ("PID", "CommitCharge", "PrivateMemory", "Major", "Minor", "Inode")


def _nodes(table: Table) -> list[dict[str, object]]:
    columns, rows = table
    return [{"__children": [], **dict(zip(columns, row, strict=True))} for row in rows]


def volatility_json(table: Table) -> str:
    """As `-r json` writes a flat table to its standard output, an empty line before it."""
    return "\n" + json.dumps(_nodes(table), indent=2, sort_keys=True) + "\n"


def volatility_jsonl(table: Table) -> str:
    """As `-r jsonl` writes it."""
    return "\n" + "".join(json.dumps(node, sort_keys=True) + "\n" for node in _nodes(table))


def _cells(table: Table) -> list[list[str]]:
    columns, rows = table
    return [
        [
            "-"
            if cell is None
            else str(cell)
            if column in _DECIMAL or type(cell) is str
            else hex(int(cell))
            for column, cell in zip(columns, row, strict=True)
        ]
        for row in rows
    ]


def volatility_csv(table: Table) -> str:
    """As `-r csv` writes it."""
    out = io.StringIO()
    header = ["TreeDepth", *table[0]]
    writer = csv.DictWriter(out, header, lineterminator="\n", escapechar="\\")
    writer.writeheader()
    for row in _cells(table):
        writer.writerow(dict(zip(header, ["0", *row], strict=True)))
    return out.getvalue() + "\n"


def volatility_quick(table: Table) -> str:
    """As the default `-r quick` writes it, with the banner."""
    lines = "".join("\n" + "\t".join(row) for row in _cells(table))
    return "Volatility 3 Framework 2.11.0\n\n" + "\t".join(table[0]) + "\n" + lines + "\n"


def volatility_pretty(table: Table) -> str:
    """As `-r pretty` writes it."""
    rows = _cells(table)
    widths = [max(map(len, column)) for column in zip(table[0], *rows, strict=True)]
    lines = [
        " | ".join([mark, *(cell.rjust(width) for cell, width in zip(row, widths, strict=True))])
        for mark, row in [(" ", table[0]), *(("*", row) for row in rows)]
    ]
    return "Volatility 3 Framework 2.11.0\nFormatting...\n" + "\n".join(lines) + "\n"


RENDERERS = {
    "json": volatility_json,
    "jsonl": volatility_jsonl,
    "csv": volatility_csv,
    "quick": volatility_quick,
    "pretty": volatility_pretty,
}
TABLES = {"modules": MODULES, "dlllist": DLLLIST, "vadinfo": VADINFO, "linux": LINUX_MAPS}

# Every text here, with the importer that takes it.
TEXTS = {
    "lm": ("lm", LM),
    "lm-32": ("lm", LM_32),
    "lm-bare": ("lm", LM_BARE),
    "lmv": ("lm", LMV),
    "address-64": ("windbg-address", ADDRESS_64),
    "address-32": ("windbg-address", ADDRESS_32),
    "address-older": ("windbg-address", ADDRESS_OLDER),
    "address-paragraphs": ("windbg-address", ADDRESS_PARAGRAPHS),
    "address-kernel": ("windbg-address", ADDRESS_KERNEL),
    "gdb-old": ("gdb", GDB_OLD),
    "gdb-files": ("gdb", GDB_FILES),
    "memprocfs-modules": ("memprocfs", MEMPROCFS_MODULES),
    "memprocfs-vad": ("memprocfs", MEMPROCFS_VAD),
    "memprocfs-pte": ("memprocfs", MEMPROCFS_PTE),
    "maps": ("proc-maps", MAPS),
    "smaps": ("proc-maps", SMAPS),
    "csv": ("csv", CSV),
    **{
        f"volatility-{table}-{form}": ("volatility", render(TABLES[table]))
        for table in TABLES
        for form, render in RENDERERS.items()
    },
}
