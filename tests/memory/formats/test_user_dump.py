"""User dumps of 64 and 32 bit that a writer of the tests' own made."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.effort import little_work
from builders.user_dump import Region, UserDump
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

ABSURD = [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]


def whole(bits: int) -> UserDump:
    return UserDump(
        [
            Region(0x10000, b"MZ-code", type=0x1000000, protect=0x20),
            Region(0x20000, b"heap"),
            Region(0x3F000, b"the stack", allocation=0x30000),
            Region(0x50000, b"file", type=0x40000, protect=2),
        ],
        [(0x10000, 0x3000, b"C:\\Windows\\app.exe\0"), (0x90000, 0x1000, b"x.dll\0")],
        [(0x2098, 0x3F004), (0x2F64, 0x7777)],
        bits=bits,
    )


WHOLE = [whole(64).data, whole(32).data]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user_dump") / "app.dmp"


def opened(path: Path, dump: UserDump) -> Dump:
    path.write_bytes(dump.data)
    return open_dump(path)


def text(dump: Dump, start: int, size: int) -> str:
    memory = dump.spaces[0].read(Span(start, size))
    return "".join(
        chr(byte) if present else "."
        for byte, present in zip(memory.data.tolist(), memory.present.tolist(), strict=True)
    )


@pytest.mark.parametrize("bits", [64, 32])
def test_memory_mappings_and_modules(path: Path, bits: int) -> None:
    with opened(path, whole(bits)) as dump:
        assert (dump.format, dump.address_bits) == ("user-dump", bits)
        assert dump.machine == ("x86-64" if bits == 64 else "x86")
        assert dump.system == "Windows 10.0.17134"
        assert dump.warnings == ()
        assert text(dump, 0x0FFFF, 9) == ".MZ-code."
        assert text(dump, 0x50000, 5) == "file."
        assert [(m.span, m.kind, m.protection, m.name) for m in dump.mappings] == [
            (Span(0x10000, 7), Kind.MODULE, "r-x", "C:\\Windows\\app.exe"),
            (Span(0x20000, 4), Kind.ANONYMOUS, "rw-", ""),
            (Span(0x3F000, 9), Kind.STACK, "rw-", "stack of thread 0x2098"),
            (Span(0x50000, 4), Kind.FILE, "r--", ""),
        ]
        assert [(m.name, m.path, m.span) for m in dump.modules] == [
            ("app.exe", "C:\\Windows\\app.exe", Span(0x10000, 0x3000)),
            ("x.dll", "x.dll", Span(0x90000, 0x1000)),
        ]


@pytest.mark.parametrize(
    ("version", "system"),
    [((10, 0x42EE0000), "Windows 10.0.17134"), ((5, 0x0A280001), "Windows 5.1.2600"),
     ((4, 0), "Windows 4.0")],
)  # fmt: skip
def test_the_system(path: Path, version: tuple[int, int], system: str) -> None:
    with opened(path, UserDump([Region(0x1000, b"a")], version=version)) as dump:
        assert dump.system == system


@pytest.mark.parametrize(("machine", "name"), [(0xAA64, "aarch64"), (0x1234, None)])
def test_threads_of_other_processors_have_no_stacks(
    path: Path, machine: int, name: str | None
) -> None:
    dump = UserDump([Region(0x1000, b"a")], threads=[(5, 0x1000)], machine=machine)
    with opened(path, dump) as read:
        assert read.machine == name
        assert [mapping.kind for mapping in read.mappings] == [Kind.ANONYMOUS]


def test_regions_that_overlap_belong_to_the_first(path: Path) -> None:
    with opened(path, UserDump([Region(0x1002, b"AB"), Region(0x1000, b"abcdef")])) as dump:
        assert text(dump, 0x1000, 7) == "abABef."


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("version_text", [b"", "CRASH: none".encode("utf-16-le")])
def test_guard_pages_may_be_listed_without_their_bytes(
    path: Path, stored: bool, version_text: bytes
) -> None:
    guard = Region(0x3E000, b"guard!" if stored else b"", size=6, protect=0x104)
    dump = whole(64)
    dump.regions.insert(2, guard)
    dump.version_text = version_text
    with opened(path, dump) as read:
        assert text(read, 0x3E000, 6) == ("guard!" if stored else "......")
        assert text(read, 0x3F000, 9) == "the stack"
        assert text(read, 0x50000, 4) == "file"
        assert read.warnings == ()
        assert 0x3E000 in {mapping.span.start for mapping in read.mappings}


def test_a_dump_of_nothing_is_refused(path: Path) -> None:
    with pytest.raises(
        DumpError, match=r"app\.dmp: the user dump tells of no memory and no module"
    ):
        opened(path, UserDump())


def test_another_file_is_none(path: Path) -> None:
    path.write_bytes(b"USERDU65" + bytes(200))
    with pytest.raises(DumpError, match="starts with neither USERDU64 nor USERDUMP"):
        open_dump(path, format="user-dump")


def test_names_are_shown_byte_by_byte_where_they_are_not_ascii(path: Path) -> None:
    dump = UserDump([Region(0x1000, b"a")], [(0x1000, 1, b"D:\\K\xe4se\\a.exe\0")])
    with opened(path, dump) as read:
        assert read.modules[0].path == "D:\\K\\xe4se\\a.exe"


# Damage


def survives(path: Path, contents: bytes) -> str:
    """Opens and reads; a DumpError or LimitError is an answer, any other exception a failure."""
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with little_work(), open_dump(path, format="user-dump") as dump:
            for mapping in dump.mappings:
                start, size = mapping.span.start, min(mapping.span.size, 0x1000)
                space = dump.spaces[0]
                runs = space.runs(Span(start, size))
                assert space.read(Span(start, size)).runs == runs
            said = "; ".join([*dump.warnings, *dump.contents.warnings])
    except (DumpError, LimitError) as problem:
        said = str(problem)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "\n" not in said
    assert peak < 50 << 20
    return said


@pytest.mark.parametrize("contents", WHOLE, ids=["64", "32"])
def test_cut_at_every_byte(path: Path, contents: bytes) -> None:
    assert survives(path, contents) == ""
    for size in range(1, len(contents)):
        assert survives(path, contents[:size]), f"cut at {size}: not a word about it"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("bits", [64, 32])
def test_absurd_numbers(path: Path, value: int, bits: int) -> None:
    short, word = value & 0xFFFFFFFF, value & ((1 << bits) - 1)
    for count in ("region_count", "module_count", "thread_count"):
        dump = whole(bits)
        setattr(dump, count, short)
        survives(path, dump.data)
    for place in ("contexts", "modules", "data", "regions", "event", "threads", "version"):
        dump = whole(bits)
        dump.places[place] = word
        survives(path, dump.data)
        dump.region_count = dump.module_count = dump.thread_count = 0xFFFFFFFF
        survives(path, dump.data)
    for field in ("base", "allocation", "size"):
        dump = whole(bits)
        setattr(dump.regions[1], field, word)
        survives(path, dump.data)
    dump = whole(bits)
    dump.modules[0] = (word, short, b"a\0")
    survives(path, dump.data)


def test_a_cut_dump_says_how_much_is_missing(path: Path) -> None:
    path.write_bytes(whole(64).data[:-6])
    with open_dump(path) as dump:
        assert text(dump, 0x3F000, 9) == "the sta.."
        assert "2 of 4 ranges" in dump.warnings[0]
        assert "6 bytes are missing" in dump.warnings[0]


def test_limits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.formats.user_dump.MODULES_LIMIT", 1)
    assert "2 modules; at most 1 are read" in survives(path, WHOLE[0])
    monkeypatch.setattr("memtiles.memory.formats.user_dump._REGIONS_LIMIT", 3)
    assert "4 regions; at most 3 are read" in survives(path, WHOLE[0])


@fuzz(300)
@given(
    st.sampled_from(WHOLE),
    st.lists(
        st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
    ),
)
def test_mutations(path: Path, contents: bytes, patches: list[tuple[int, bytes]]) -> None:
    mutated = bytearray(contents)
    for at, patch in patches:
        at %= len(mutated)
        mutated[at : at + len(patch)] = patch
    survives(path, bytes(mutated[: len(contents)]))
