"""The command line: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file
from memtiles import __version__
from memtiles.cli import run
from sites import PAGE, made_up_process


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """The made-up process as a file."""
    path = tmp_path / "app.core"
    path.write_bytes(made_up_process()[0])
    return path


def test_info_for_programs(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(core), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert (info["format"], info["machine"], info["address_bits"]) == ("elf-core", "x86-64", 64)
    assert [space["name"] for space in info["spaces"]] == ["virtual"]
    assert [
        (row["name"], row["start"], row["size"], row["present"]) for row in info["modules"]
    ] == [
        ("made up", "0x555555554000", hex(8 * PAGE), 4 * PAGE + 123),
        ("libmade.so.6", "0x7ffff7a00000", hex(184 * PAGE), 700_000 + 4 * PAGE),
    ]
    by_start = {row["start"]: row for row in info["regions"]}
    assert by_start["0x7ffff7ac8000"]["present"] == 0
    assert by_start["0xffffffffff600000"]["name"] == "anonymous 0xffffffffff600000"
    assert set(info["regions"][0]) >= {"name", "kind", "start", "size", "present"}


def test_info_for_people(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(core)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"00007ffff7a00000 +00007ffff7ab8000 .* module +libmade\.so\.6", out)
    assert "2 modules" in out


def test_info_takes_what_no_format_knows_as_raw_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no dump at all")
    assert run(["info", str(file), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["format"] == "raw"
    assert captured.err.count("\n") == 1
    assert "taken as raw" in captured.err


def test_build_does_not_guess_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("no dump at all")
    (tmp_path / "config.yaml").write_text("dump: notes.txt\n")
    assert run(["build", str(tmp_path / "config.yaml")]) == 3
    assert "format: raw" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_names_out_of_a_dump_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = b"/lib/\x1b]0;owned\x07\x1b[2J.so"
    core = tmp_path / "evil.core"
    files = nt_file([(0x1000, 0x2000, 0, evil)])
    core.write_bytes(elf_core([Load(0x1000, bytes(PAGE), flags=5)], files))
    assert run(["info", str(core)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_dry_run_prints_the_plan_and_writes_nothing(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text(
        "dump: app.core\npictures: {lenses: [class, bytes]}\n"
        "atlases: [{name: landscape}, {name: curve, layout: hilbert}]\n"
    )
    before = sorted(tmp_path.iterdir())
    assert run(["build", str(tmp_path / "config.yaml"), "--dry-run"]) == 0
    plan = capsys.readouterr().out
    assert "lenses    class, bytes\n" in plan
    assert re.search(r"^atlas     curve [0-9]+×[0-9]+ hilbert$", plan, re.MULTILINE)
    assert sorted(tmp_path.iterdir()) == before
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    site = tmp_path / "site"
    files = [path for path in site.rglob("*") if path.is_file() and path.parent != site]
    numbers = {
        words[0]: int(words[-1].replace(",", ""))
        for words in (line.split() for line in plan.splitlines())
        if words and words[0] in ("pixels", "tiles", "files", "bytes")
    }
    manifest = json.loads((site / "manifest.json").read_text())
    drawn = [manifest["pictures"][row["picture"]] for row in manifest["regions"]]
    assert numbers["pixels"] == sum(row["width"] * row["height"] for row in drawn)
    assert sum(path.suffix == ".png" for path in files) <= numbers["tiles"]
    assert len(files) <= numbers["files"]
    assert sum(path.stat().st_size for path in files) <= numbers["bytes"]


def test_output_option(core: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    other = tmp_path / "deep" / "other"
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet", "--output", str(other)]) == 0
    assert (other / "manifest.json").is_file()
    assert not (tmp_path / "site").exists()


def test_what_a_build_says(core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(tmp_path / "config.yaml")]) == 0
    captured = capsys.readouterr()
    assert f"{tmp_path / 'site'} holds memory, secrets and all" in captured.out
    assert f"open {tmp_path / 'site' / 'index.html'}" in captured.out
    assert "\r" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["build"], 2),
        (["nonsense"], 2),
        (["build", "there-is-none.yaml"], 2),
        (["build", "x.yaml", "--jobs", "0"], 2),
        (["build", "x.yaml", "--mode", "0577"], 2),
        (["info", "there-is-none.core"], 3),
        (["check", "there-is-none"], 2),
        (["serve", "there-is-none"], 2),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("memtiles: ")
    assert captured.err.count("\n") == 1


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert "dump" in json.loads(capsys.readouterr().out)["properties"]


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "memtiles", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"memtiles {__version__} (")


def test_a_closed_pipe_is_no_error(core: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "memtiles", "info", str(core)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as info:
        assert info.stdout is not None
        assert info.stderr is not None
        info.stdout.close()
        assert info.stderr.read() == b""
        assert info.wait() == 0


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    """As `| head -1`: the table is longer than what a pipe holds, so that its rest is refused."""
    loads = [Load((number + 1) * 2 * PAGE, b"x", flags=6) for number in range(3000)]
    (tmp_path / "app.core").write_bytes(elf_core(loads))
    with subprocess.Popen(
        [sys.executable, "-m", "memtiles", "info", str(tmp_path / "app.core")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as info:
        assert info.stdout is not None
        assert info.stderr is not None
        assert info.stdout.readline().startswith(b"app.core: elf-core")
        info.stdout.close()
        assert info.stderr.read() == b""
        assert info.wait() == 0


def test_what_a_header_claims_and_does_not_hold_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4,216 bytes that claim 8 GiB, and a header that claims 2**60: both are drawn at once."""
    loads = [Load(0x1000, b"A" * PAGE, memsz=8 << 30), Load(1 << 62, b"one byte", memsz=1 << 60)]
    (tmp_path / "app.core").write_bytes(elf_core(loads))
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(tmp_path / "config.yaml")]) == 0
    assert "1,152,921,513,196,777,464 bytes in 2 stretches" in capsys.readouterr().err
    assert sum(1 for _ in (tmp_path / "site").rglob("*")) < 60


def test_a_range_that_is_too_large_is_refused_before_anything_is_done(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "dump: app.core\nregions: {ranges: [{name: all, range: 0x0+0x8000000000}]}\n"
        "limits: {output: 8MiB}\n"
    )
    for option in ("--dry-run", "--quiet"):
        assert run(["build", str(config), option]) == 4
        captured = capsys.readouterr()
        assert captured.err.splitlines()[-1].startswith("memtiles: the output may take")
        assert "all (549,755,813,888)" in captured.err
    assert not (tmp_path / "site").exists()


def test_a_match_that_fits_nothing_is_told(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "dump: app.core\nregions: {exclude: [{name: libmade*}, {name: libmad}]}\n"
    (tmp_path / "config.yaml").write_text(text)
    assert run(["build", str(tmp_path / "config.yaml")]) == 0
    assert capsys.readouterr().err == "note: regions.exclude[1] fits no region\n"


def test_warnings_of_a_map_are_told(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lm.txt").write_text(
        "start end module name\n00900000 00800000   torn\n00900000 00a00000   app\n"
    )
    (tmp_path / "config.yaml").write_text("dump: app.core\nmaps: [{path: lm.txt, format: lm}]\n")
    run(["build", str(tmp_path / "config.yaml")])
    assert re.search(r"note: .*lm\.txt.*2", capsys.readouterr().err)


def test_a_picture_too_high_for_libvips_is_refused(
    core: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "dump: app.core\npictures: {width: 4}\ntiles: {engine: vips, region_pyramids_from: 1}\n"
    text += "regions: {ranges: [{name: x, range: 0x0+0x30000000}]}\n"
    (tmp_path / "config.yaml").write_text(text)
    assert run(["build", str(tmp_path / "config.yaml")]) == 2
    assert "x: its picture is 201326592 pixels high" in capsys.readouterr().err


def test_a_full_disk_behind_stdout(core: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb") as stdout:
        command = [sys.executable, "-m", "memtiles", "info", str(core)]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 6
    assert done.stderr.count(b"\n") == 1


def test_progress_is_drawn_in_a_terminal(core: Path, tmp_path: Path) -> None:
    """Stage, share and time left of the whole build, on stderr; gone when it is done."""
    pty = pytest.importorskip("pty", reason="not run: this system has no pseudo-terminals")
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [sys.executable, "-m", "memtiles", "build", str(tmp_path / "config.yaml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as build:
        os.close(theirs)
        drawn = b""
        # Linux says EIO when the last writer is gone, others an empty read.
        with suppress(OSError):
            while piece := os.read(ours, 65_536):
                drawn += piece
        assert build.wait() == 0
    os.close(ours)
    text = drawn.decode()
    shares = [int(share) for share in re.findall(r"\w+: +(\d+)%\|.*?\| [\d:]+<[\d:?]+", text)]
    assert shares
    assert shares == sorted(shares)
