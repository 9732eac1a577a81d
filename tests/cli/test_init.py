"""`memtiles init`: a config that works as it is, and with every example in it switched on."""

from __future__ import annotations

import json
import os
import random
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import example as always
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from builders.elf import Load, elf_core, nt_file
from builders.samples import ELF_CORES, sample
from memtiles.cli import run
from memtiles.config import Config
from memtiles.maps.importers import ImportedMap
from memtiles.memory.dump import Dump
from memtiles.plan import Plan, make_plan
from sites import PAGE, made_up_process

EVIL = [
    "quotes \" and ' and \\ ",
    "a: b # c",
    "two\nlines: {a: b}",
    "- [x, *y, &z, !t]",
    "\x1b]0;owned\x07\x1b[2J",
    "\u202egnp.exe\u2066",
    "*",
    "?",
    "\r\x00\x85\u2028",
    "x" * 10_000,
    "first piece",
    "0x1000",
    "тест \U0001f5fa",
]


def switched_off(text: str) -> list[list[int]]:
    """The examples: the numbers of the lines of each, which start with # and no blank."""
    found: list[list[int]] = []
    for number, line in enumerate(text.split("\n")):
        if re.match(r" *#[^ ]", line):
            if not found or found[-1][-1] != number - 1:
                found.append([])
            found[-1].append(number)
    return found


def switch_on(text: str, *examples: list[int]) -> str:
    lines = text.split("\n")
    for number in (number for example in examples for number in example):
        lines[number] = re.sub("#", "", lines[number], count=1)
    return "\n".join(lines)


def in_each_way(text: str) -> Iterator[str]:
    """With each example switched on, with all, and with all but those that choose regions."""
    examples = switched_off(text)
    for one in examples:
        yield switch_on(text, one)
    yield switch_on(text, *examples)
    yield switch_on(text, *examples[2:])


def loaded(text: str) -> Any:
    """What an editor's YAML makes of it."""
    return YAML(typ="safe", pure=True).load(text)


def init(dump: Path, config: Path, *more: str) -> str:
    assert run(["init", str(dump), "-o", str(config), *more]) == 0
    return config.read_text(encoding="utf-8")


def check_all(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Builds what `init` wrote, as it is; then plans it with the examples, and builds with all."""
    text = config.read_text(encoding="utf-8")
    site = config.parent / loaded(text)["output"]
    assert run(["build", str(config), "--quiet"]) == 0
    assert run(["check", str(site), "--quiet"]) == 0
    capsys.readouterr()
    for changed in in_each_way(text):
        config.write_text(changed, encoding="utf-8")
        assert run(["build", str(config), "--dry-run"]) == 0, changed
        assert "fits no region" not in capsys.readouterr().err
    assert run(["build", str(config), "--quiet"]) == 0
    assert run(["check", str(site), "--quiet"]) == 0


@pytest.fixture
def core(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(made_up_process()[0])
    return path


def evil_core(names: list[str]) -> bytes:
    """A core in which each name is that of a program, in pages of its own."""
    data = random.Random(2007).randbytes
    starts = range(0x10000, 0x10000 + len(names) * 0x10000, 0x10000)
    files = [(at, at + 0x4000, 0, name.encode()) for at, name in zip(starts, names, strict=True)]
    return elf_core([Load(at, data(0x4000)) for at in starts], nt_file(files))


def test_the_config_of_the_made_up_process(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = init(core, tmp_path / "config.yaml")
    assert capsys.readouterr().out.count("\n") == 1
    plain = loaded(text)
    assert (plain["dump"], plain["output"]) == ("app.core", "app-site/")
    every = loaded(switch_on(text, *switched_off(text)))
    assert {*every, *every["regions"]} == {
        *("dump", "output", "regions", "pictures", "overrides", "atlases", "strips", "tiles"),
        *("limits", "group", "exclude", "include", "ranges"),
    }
    # The library has most bytes and is never excluded; the heap has more than all other regions.
    assert every["regions"]["include"] == [{"kind": "module"}, {"name": "libmade.so.6"}]
    assert every["regions"]["exclude"][:2] == [
        {"kind": "anonymous"},
        {"name": "anonymous 0x555600000000"},
    ]
    assert {"name": "made up"} in every["regions"]["exclude"]
    assert [one["range"] for one in every["regions"]["ranges"]] == [
        "0x555600000000+0x1000",
        "00005556`00001000 00005556`00001fff",
    ]
    assert every["overrides"] == [
        {"match": {"name": "libmade.so.6"}, "layout": "classic", "bits": 32}
    ]
    assert "lenses" not in plain["pictures"]
    assert every["pictures"]["lenses"][0] == "bytes"
    assert len(every["pictures"]["lenses"]) > 1
    assert len(every["atlases"]) == len(plain["atlases"]) + 1
    assert {"region", "atlas"} <= {key for strip in every["strips"] for key in strip}
    assert every["limits"] == {"output": "64GiB"}


def test_what_it_says_of_the_dump(core: Path, tmp_path: Path) -> None:
    prose = init(core, tmp_path / "config.yaml")
    _, memory = made_up_process()
    present = sum(len(load.data) for load in memory.loads)
    assert f"app.core: elf-core, {core.stat().st_size:,} bytes, x86-64, 64-bit virtual" in prose
    assert f"\n# 2 modules and 25 regions; {present:,} of their " in prose
    assert re.search(r'#- \{name: "made up"\} +# 1 region, 32,768 bytes\n', prose)
    assert re.search(r"#- \{kind: anonymous\} +# 23 regions, ", prose)


def test_it_works_with_every_example(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(core, tmp_path / "config.yaml")
    check_all(tmp_path / "config.yaml", capsys)


@pytest.mark.parametrize("name", ELF_CORES)
def test_real_cores(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sample(name)
    text = init(path, tmp_path / "config.yaml")
    assert Path(loaded(text)["dump"]) == path.resolve()
    check_all(tmp_path / "config.yaml", capsys)


def test_evil_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Alone, and all of them in one dump."""
    dump, config = tmp_path / "evil.core", tmp_path / "config.yaml"
    for names in (*([name] for name in EVIL), EVIL):
        dump.write_bytes(evil_core(names))
        text = init(dump, config, "--force")
        assert text.isprintable() or {char for char in text if not char.isprintable()} == {"\n"}
        assert max(map(len, text.splitlines())) < 200
        for changed in in_each_way(text):
            config.write_text(changed, encoding="utf-8")
            assert run(["build", str(config), "--dry-run"]) == 0, changed
            assert "fits no region" not in capsys.readouterr().err
    check_all(config, capsys)


@st.composite
def cores(draw: st.DrawFn) -> bytes:
    """Regions with holes of all sizes, up to those that are too long to be drawn."""
    names = st.text(max_size=80) | st.sampled_from(["a", "A", "?*", "libc.so.6", *EVIL])
    sizes = st.integers(0, 3 * PAGE) | st.integers(0, 40 << 10)
    holes = st.just(0) | st.integers(0, 2 * PAGE) | st.integers(50 << 20, 70 << 20)
    rows = draw(st.lists(st.tuples(names, sizes, holes), min_size=1, max_size=9))
    loads, files, at = [], [], draw(st.integers(0, 1 << 40))
    for name, size, hole in rows:
        if size + hole:
            loads.append(Load(at, b"\x5a" * size, memsz=size + hole))
            path = name.replace("\0", "").encode(errors="ignore")
            files.append((at, at + size + hole, 0, path))
        at += size + hole + draw(st.integers(0, PAGE))
    return elf_core([*loads, Load(at, b"something to draw")], nt_file(files))


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@always(data=elf_core([Load(0x1000, b"x")]))
@always(data=elf_core([Load(0x1000, b"x" * 5), Load(0x2000, b"")]))
@always(data=elf_core([Load(0x1000, b"x")], nt_file([(0x1000, 0x1001, 0, b">")])))
@given(data=cores())
def test_whatever_is_in_a_dump(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.core").write_bytes(data)
    config = tmp_path / "config.yaml"
    text = init(tmp_path / "x.core", config, "--force")
    for changed in (text, *in_each_way(text)):
        config.write_text(changed, encoding="utf-8")
        assert run(["build", str(config), "--dry-run"]) == 0, changed
    capsys.readouterr()


def test_the_schema_is_where_the_first_line_says(core: Path, tmp_path: Path) -> None:
    text = init(core, tmp_path / "config.yaml")
    first = text.split("\n", 1)[0]
    uri = urlsplit(first.removeprefix("# yaml-language-server: $schema="))
    assert uri.scheme == "file"
    schema = json.loads(Path(url2pathname(unquote(uri.path))).read_bytes())
    for changed in (text, *in_each_way(text)):
        Draft202012Validator(schema).validate(loaded(changed))


def test_any_file_is_taken_as_raw_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hal.bin").write_bytes(random.Random(1).randbytes(0x5E001))
    text = init(tmp_path / "hal.bin", tmp_path / "config.yaml", "--base", "0xfffff80000800000")
    assert "taken as raw" in capsys.readouterr().err
    assert loaded(text)["dump"] == {
        "path": "hal.bin",
        "format": "raw",
        "base": 0xFFFFF80000800000,
    }
    # Its only region can be neither left out nor chosen.
    every = loaded(switch_on(text, *switched_off(text)))
    assert set(every["regions"]) == {"group", "ranges"}
    check_all(tmp_path / "config.yaml", capsys)


def test_what_was_said_of_the_dump_stays_said(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = init(core, tmp_path / "config.yaml", "--format", "raw", "--space", "physical")
    assert loaded(text)["dump"] == {"path": "app.core", "format": "raw", "space": "physical"}
    check_all(tmp_path / "config.yaml", capsys)


def test_without_a_file_it_is_printed(core: Path, tmp_path: Path) -> None:
    """In UTF-8, whatever the terminal speaks, and for the folder in which one is."""
    (tmp_path / "in").mkdir()
    dump = core.rename(tmp_path / "in" / "тест: # \"'.core")
    expected = init(dump, tmp_path / "config.yaml")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for more in ([], ["-o", "-"], ["--output", "-"]):
        done = subprocess.run(
            [sys.executable, "-m", "memtiles", "init", dump, *more],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=True,
        )
        assert (done.stdout.decode("utf-8"), done.stderr) == (expected, b"")
    assert loaded(expected)["dump"] == "in/тест: # \"'.core"


@pytest.mark.parametrize(
    "name", ["a: b # c.core", '"quo\'tes".core', "back\\slash", " blank ", "-"]
)
def test_names_of_files(
    name: str, core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.name == "nt":
        pytest.skip("Windows allows no such names")
    dump = core.rename(tmp_path / name)
    text = init(dump, tmp_path / "config.yaml")
    assert loaded(text)["dump"] == name
    check_all(tmp_path / "config.yaml", capsys)


def test_where_the_dump_is_seen_from(
    core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "configs"
    below.mkdir()
    (tmp_path / "link").symlink_to(below)
    monkeypatch.chdir(below)
    core = core.resolve()
    for dump, config, expected in (
        (core, Path("../1.yaml"), "app.core"),
        (Path("../app.core"), Path("../2.yaml"), "app.core"),
        (core, tmp_path / "link" / ".." / "3.yaml", "app.core"),
        (core, tmp_path.parent / f"{tmp_path.name}.yaml", f"{tmp_path.name}/app.core"),
        (Path("../app.core"), Path("4.yaml"), core.as_posix()),
    ):
        assert loaded(init(dump, config))["dump"] == expected
        assert run(["build", str(config), "--dry-run"]) == 0


@pytest.mark.parametrize("name", [b"new\nline.core", b"bell\x07.core", b"\xff\xfe.core"])
def test_names_that_no_config_can_hold_are_refused(
    name: bytes, core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        dump = core.rename(tmp_path / os.fsdecode(name))
    except (OSError, ValueError):
        pytest.skip("this file system allows no such names")
    assert run(["init", str(dump), "-o", str(tmp_path / "config.yaml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "config.yaml").exists()


def test_a_large_dump_gets_a_higher_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """40 GiB out of 16 MiB of file: with 8 bits a pixel its map takes more than 64 GiB.

    2,560 segments share the same bytes; holes of a sparse file would not count, for they are zeros.
    """
    segments, size, bytes_from = 2560, 16 << 20, 160 << 10
    with (tmp_path / "large.core").open("wb") as file:
        ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
        counts = (64, 0, 0, 64, 56, segments, 0, 0, 0)
        file.write(struct.pack("<16sHHIQQQIHHHHHH", ident, 4, 62, 1, 0, *counts))
        for number in range(segments):
            start = 0x10_0000_0000 + 2 * number * size
            file.write(struct.pack("<IIQQQQQQ", 1, 6, bytes_from, start, 0, size, size, 4096))
        file.write(bytes(bytes_from - file.tell()))
        file.write(b"memory" * (size // 6 + 1))
    config = tmp_path / "config.yaml"
    text = init(tmp_path / "large.core", config)
    limit = re.fullmatch("([0-9]+)GiB", loaded(text)["limits"]["output"])
    assert limit is not None
    for changed in (text, *in_each_way(text)):
        config.write_text(changed, encoding="utf-8")
        assert run(["build", str(config), "--dry-run"]) == 0
    capsys.readouterr()
    config.write_text(re.sub("(?m)^limits:.*", "", text), encoding="utf-8")
    assert run(["build", str(config), "--dry-run"]) == 4
    needed = re.search(r"may take ([0-9,]+) bytes", capsys.readouterr().err)
    assert needed is not None
    assert int(needed[1].replace(",", "")) <= int(limit[1]) << 30


def test_it_replaces_nothing_unless_told_to(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("mine")
    assert run(["init", str(core), "-o", str(config)]) == 2
    assert "--force" in capsys.readouterr().err
    assert config.read_text() == "mine"
    assert "dump:" in init(core, config, "--force")
    before = core.read_bytes()
    assert run(["init", str(core), "-o", str(core), "--force"]) == 2
    assert core.read_bytes() == before


def test_the_map_gets_a_folder_of_its_own(core: Path, tmp_path: Path) -> None:
    (tmp_path / "app-site").mkdir()
    assert loaded(init(core, tmp_path / "1.yaml"))["output"] == "app-site-2/"
    assert loaded(init(core, tmp_path / "app-site-2"))["output"] == "app-site-3/"
    odd = core.rename(tmp_path / "..Ünder: $(x).core")
    assert loaded(init(odd, tmp_path / "2.yaml"))["output"] == "nder-x-site/"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-"], 2),
        (["there-is-none.core"], 3),
        (["."], 3),
        (["app.core", "-o", "no-such-folder/config.yaml"], 2),
        (["app.core", "-o", "."], 2),
        (["app.core", "--base", "0x1000"], 2),
        (["app.core", "--space", "physical"], 2),
        (["empty.core"], 3),
        (["holes.core"], 3),
        (["reserved.core"], 3),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str],
    code: int,
    core: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.core").write_bytes(b"")
    Path("holes.core").write_bytes(elf_core([Load(0x1000, b"", memsz=PAGE)]))
    Path("reserved.core").write_bytes(elf_core([Load(0x1000, b"", memsz=1 << 40)]))
    before = sorted(tmp_path.iterdir())
    assert run(["init", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("memtiles: ")
    assert captured.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def process() -> Iterator[int]:
    """A process that sleeps until the test is over."""
    if not sys.platform.startswith("linux"):
        pytest.skip("live processes are read on Linux only")
    program = "print(flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid
        child.communicate(b"\n")


def test_a_running_process(process: int, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    assert run(["init", f"pid:{process}", "-o", str(config)]) == 0
    text = config.read_text(encoding="utf-8")
    assert loaded(text)["dump"] == {"live": {"pid": process}}
    for changed in (text, *in_each_way(text)):
        config.write_text(changed, encoding="utf-8")
        assert run(["build", str(config), "--dry-run"]) == 0


def test_the_plan_of_what_is_written_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 65,536 regions each plan takes seconds; what the file says is what is so without it."""
    planned = []

    def counted(config: Config, dump: Dump, maps: list[ImportedMap]) -> Plan:
        planned.append(config)
        return make_plan(config, dump, maps)

    monkeypatch.setattr("memtiles.init.text.make_plan", counted)
    (tmp_path / "app.core").write_bytes(elf_core([Load(0x10000, b"\1" * PAGE)]))
    assert run(["init", str(tmp_path / "app.core"), "-o", str(tmp_path / "config.yaml")]) == 0
    # As it is, and to know how large it may become: with all pictures, and with all examples.
    assert len(planned) == 3
