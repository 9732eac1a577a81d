"""Mappings written by hand as `/proc/PID/maps` has them; the odd ones are from real processes."""

from __future__ import annotations

import pytest

from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.process.modules import last_part, modules_of, with_kinds
from memtiles.memory.span import Span

LIB = "/usr/lib/libc.so.6"


def mapping(
    start: int, size: int, name: str = "", protection: str | None = "r--p", offset: int = 0
) -> Mapping:
    return Mapping(Span(start, size), Kind.ANONYMOUS, name, protection, offset)


def image(start: int, path: str = LIB) -> list[Mapping]:
    """Headers, text, tables and data of one library, 0x4000 bytes."""
    return [
        mapping(start, 0x1000, path, "r--p", 0),
        mapping(start + 0x1000, 0x1000, path, "r-xp", 0x1000),
        mapping(start + 0x2000, 0x1000, path, "r--p", 0x2000),
        mapping(start + 0x3000, 0x1000, path, "rw-p", 0x2000),
    ]


def spans(mappings: list[Mapping]) -> list[tuple[int, int]]:
    return [(module.span.start, module.span.size) for module in modules_of(mappings)]


def test_the_mappings_of_one_path_are_one_module() -> None:
    mappings = image(0x10000)
    assert modules_of(mappings) == (Module("libc.so.6", LIB, Span(0x10000, 0x4000)),)
    assert {each.kind for each in with_kinds(mappings)} == {Kind.MODULE}


def test_a_second_load_of_the_same_file_is_a_second_module() -> None:
    assert spans([*image(0x10000), *image(0x14000)]) == [(0x10000, 0x4000), (0x14000, 0x4000)]


def test_two_paths_of_one_name_are_two_modules() -> None:
    mappings = [*image(0x10000, "/a/ntdll.dll"), *image(0x14000, "/b/ntdll.dll")]
    assert [module.name for module in modules_of(mappings)] == ["ntdll.dll", "ntdll.dll"]


def test_anonymous_mappings_between_two_pieces_belong_to_the_module() -> None:
    pieces = image(0x10000)
    pieces[2] = mapping(0x12000, 0x1000, "[anon:.bss]", "rw-p")
    pieces.append(mapping(0x14000, 0x1000, "", "rw-p"))
    assert spans(pieces) == [(0x10000, 0x4000)]
    kinds = [each.kind for each in with_kinds(pieces)]
    assert kinds == [*[Kind.MODULE] * 4, Kind.ANONYMOUS]


@pytest.mark.parametrize("between", ["[heap]", "[stack]", "/other/file", "[vvar]"])
def test_anything_else_between_two_pieces_ends_the_module(between: str) -> None:
    pieces = image(0x10000)
    pieces[2] = mapping(0x12000, 0x1000, between)
    assert spans(pieces) == [(0x10000, 0x2000), (0x13000, 0x1000)]


def test_pieces_far_apart_are_not_one_module() -> None:
    pieces = [*image(0x10000), mapping(1 << 40, 0x1000, LIB, "r--p", 0x5000)]
    assert spans(pieces) == [(0x10000, 0x4000), (1 << 40, 0x1000)]


def test_room_of_the_alignment_without_any_mapping_is_inside() -> None:
    pieces = [
        mapping(0x400000, 0x1000, LIB, "r-xp", 0),
        mapping(0x600000, 0x1000, LIB, "rw-p", 0x1000),
    ]
    assert spans(pieces) == [(0x400000, 0x201000)]


def test_the_file_offset_of_inaccessible_room_does_not_count() -> None:
    """libquadmath of numpy's wheel: its filler's offset lies behind that of the next piece."""
    pieces = [
        mapping(0x200000, 0x3B000, LIB, "r-xp", 0),
        mapping(0x23B000, 0x1FF000, LIB, "---p", 0x3B000),
        mapping(0x43A000, 0x1000, LIB, "r--p", 0x3A000),
        mapping(0x43B000, 0x3000, LIB, "rw-p", 0x3B000),
    ]
    assert spans(pieces) == [(0x200000, 0x23E000)]


def test_a_file_that_nobody_executes_is_a_mapped_file() -> None:
    (only,) = with_kinds([mapping(0x1000, 0x1000, "/usr/lib/locale/locale-archive")])
    assert only.kind is Kind.FILE
    assert modules_of([only]) == ()


def test_where_protections_are_unknown_a_file_in_pieces_is_a_module() -> None:
    """gdb's gcore leaves program text out of the segments: only the list of files has it."""
    pieces = [
        mapping(0x1000, 0x1000, LIB, "r--", 0),
        mapping(0x2000, 0x1000, LIB, None, 0x1000),
        mapping(0x3000, 0x1000, LIB, "rw-", 0x2000),
        mapping(0x9000, 0x1000, "/usr/lib/locale/LC_CTYPE", None, 0),
    ]
    assert spans(pieces) == [(0x1000, 0x3000)]
    assert with_kinds(pieces)[3].kind is Kind.FILE


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", Kind.ANONYMOUS),
        ("[anon:malloc]", Kind.ANONYMOUS),
        ("anon_inode:[perf_event]", Kind.ANONYMOUS),
        ("/dev/zero (deleted)", Kind.ANONYMOUS),
        ("[heap]", Kind.HEAP),
        ("[stack]", Kind.STACK),
        ("[stack:1234]", Kind.STACK),
        ("[vvar]", Kind.KERNEL),
        ("[vvar_vclock]", Kind.KERNEL),
        ("[vsyscall]", Kind.KERNEL),
        ("/memfd:shared (deleted)", Kind.FILE),
        ("/SYSV00000000 (deleted)", Kind.FILE),
        ("/a b/c", Kind.FILE),
        ("C:\\a\\b.nls", Kind.FILE),
    ],
)
def test_kinds_by_name(name: str, kind: Kind) -> None:
    (only,) = with_kinds([mapping(0x1000, 0x1000, name)])
    assert only.kind is kind
    assert only.name == name


def test_the_vdso_is_a_module() -> None:
    (only,) = with_kinds([mapping(0x1000, 0x2000, "[vdso]", "r-xp")])
    assert only.kind is Kind.MODULE
    assert modules_of([only]) == (Module("[vdso]", "[vdso]", Span(0x1000, 0x2000)),)


def test_executable_anonymous_memory_is_no_module() -> None:
    assert modules_of([mapping(0x1000, 0x1000, "", "rwxp")]) == ()


def test_a_deleted_file_keeps_its_mark_in_the_path_only() -> None:
    (module,) = modules_of([mapping(0x1000, 0x1000, "/memfd:jit (deleted)", "r-xp")])
    assert (module.name, module.path) == ("memfd:jit", "/memfd:jit (deleted)")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/a b.so", "a b.so"),
        ("/lib/with\\backslash.so", "with\\backslash.so"),
        ("C:\\Windows\\System32\\ntdll.dll", "ntdll.dll"),
        ("c:/windows/ntdll.dll", "ntdll.dll"),
        ("\\SystemRoot\\system32\\hal.dll", "hal.dll"),
        ("ntdll", "ntdll"),
        ("/lib/gone.so (deleted)", "gone.so"),
        ("/lib/new\nline.so", "new\nline.so"),
        ("/", "/"),
    ],
)
def test_last_part(path: str, name: str) -> None:
    assert last_part(path) == name
