"""Standard input and output: pipes, redirected files, closed ones, full ones, archives."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exports.exported import (
    Outcome,
    body,
    memtiles,
    noise,
    nothing_changes,
    refused,
    seen,
    sparse_file,
)
from reliability.builds import command

DATA = noise(385_025)
only_posix = pytest.mark.skipif(os.name != "posix", reason="shells of Windows cannot do that")


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def picture(dump: Path) -> Path:
    """What a named file becomes at 8 bits: what all others are held against."""
    path = dump.parent / "named.bmp"
    assert memtiles("picture", dump, path, "--bits", "8")[0].code == 0
    assert body(path) == DATA
    return path


def test_a_pipe_on_stdin(picture: Path, tmp_path: Path) -> None:
    done, _ = memtiles("picture", "-", tmp_path / "out.bmp", "--bits", "8", stdin=DATA)
    assert (done.code, done.errors) == (0, [])
    assert (tmp_path / "out.bmp").read_bytes() == picture.read_bytes()


def test_a_file_on_stdin(dump: Path, picture: Path, tmp_path: Path) -> None:
    with dump.open("rb") as stdin:
        done, _ = memtiles("picture", "-", tmp_path / "out.bmp", "--bits", "8", stdin=stdin)
    assert (done.code, done.errors) == (0, [])
    assert (tmp_path / "out.bmp").read_bytes() == picture.read_bytes()


def test_what_somebody_has_left_of_a_file_on_stdin(dump: Path, tmp_path: Path) -> None:
    with dump.open("rb", buffering=0) as stdin:
        stdin.read(1000)
        assert memtiles("picture", "-", tmp_path / "out.bmp", stdin=stdin)[0].code == 0
    assert body(tmp_path / "out.bmp") == DATA[1000:]


def test_stdout(dump: Path, picture: Path) -> None:
    """The picture and not a byte besides; what there is to say is said on stderr."""
    done, out = memtiles("picture", dump, "-", "--bits", "8")
    assert (done.code, done.errors, len(done.notes)) == (0, [], 1)
    assert out == picture.read_bytes()


def test_from_a_pipe_into_a_file(picture: Path, tmp_path: Path) -> None:
    with (tmp_path / "out.bmp").open("wb") as stdout:
        done, _ = memtiles("picture", "-", "-", "--bits", "8", stdin=DATA, stdout=stdout)
    assert done.code == 0
    assert (tmp_path / "out.bmp").read_bytes() == picture.read_bytes()


def test_stdout_that_already_holds_something_is_added_to(dump: Path, picture: Path) -> None:
    """`{ echo head; memtiles picture … -; } > file`."""
    both = dump.parent / "both"
    with both.open("wb", buffering=0) as stdout:
        stdout.write(b"head\n")
        assert memtiles("picture", dump, "-", "--bits", "8", stdout=stdout)[0].code == 0
    assert both.read_bytes() == b"head\n" + picture.read_bytes()


def test_slice_and_extract_in_a_pipe(dump: Path, tmp_path: Path) -> None:
    done, png = memtiles("slice", "-", "-", "--crop", "30x20+5+6", stdin=DATA)
    assert (done.code, done.errors) == (0, [])
    assert png.startswith(b"\x89PNG")
    named = tmp_path / "named.png"
    assert memtiles("slice", dump, named, "--crop", "30x20+5+6")[0].code == 0
    (tmp_path / "piped.png").write_bytes(png)
    assert (seen(tmp_path / "piped.png") == seen(named)).all()
    done, out = memtiles(
        *("extract", "-", "-", "--format", "raw", "--base", "1000", "--range", "1010 L20"),
        stdin=DATA,
    )
    assert (done.code, out) == (0, DATA[0x10:0x30])
    assert done.errors == ["Writing 20 bytes...", "32 bytes written, 0 in holes"]


@pytest.mark.parametrize("name", ["dump.bin.gz", "dump.GZ", "dump.xz"])
def test_an_archive_is_pictured_as_it_lies(tmp_path: Path, name: str) -> None:
    """Its own bytes, packed: the picture of an archive is noise."""
    packed = gzip.compress(bytes(500_000), mtime=0) + DATA[:5000]
    (tmp_path / name).write_bytes(packed)
    assert memtiles("picture", tmp_path / name, tmp_path / "out.bmp")[0].code == 0
    assert body(tmp_path / "out.bmp") == packed
    done, out = memtiles("picture", "-", "-", stdin=packed)
    assert (done.code, out) == (0, (tmp_path / "out.bmp").read_bytes())
    assert memtiles("slice", tmp_path / name, tmp_path / "out.png")[0].code == 0
    assert (seen(tmp_path / "out.png") == seen(tmp_path / "out.bmp")).all()


def test_more_than_a_bmp_can_hold_does_not_go_to_stdout(tmp_path: Path) -> None:
    memory = sparse_file(tmp_path / "memory.bin", 5 << 30)
    refused(memtiles("picture", memory, "-")[0], 4, "4 GiB", ".png")


# ----------------------------------------------------------------------- streams that are no good


@pytest.mark.parametrize("kind", ["picture", "slice"])
def test_empty_stdin(tmp_path: Path, kind: str) -> None:
    with nothing_changes(tmp_path):
        refused(memtiles(kind, "-", tmp_path / "out.bmp")[0], 3, "standard input", "empty")


def shell(line: str, *arguments: str | Path) -> Outcome:
    """Runs memtiles in a line of shell, as `"$@"`."""
    done = subprocess.run(
        ["sh", "-c", line, "sh", *command(*arguments)], capture_output=True, check=False
    )
    return Outcome.of(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())


@only_posix
@pytest.mark.parametrize("arguments", [["picture", "-"], ["slice", "-"]])
def test_closed_stdin(tmp_path: Path, arguments: list[str]) -> None:
    with nothing_changes(tmp_path):
        done = shell('exec "$@" <&-', *arguments, tmp_path / "out.bmp")
        refused(done, 2, "standard input is closed")


@only_posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["picture", "dump.bin", "-"],
        ["slice", "dump.bin", "-"],
        ["extract", "dump.bin", "-", "--format", "raw", "--range", "0 L10"],
    ],
)
def test_closed_stdout(dump: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dump.parent)
    with nothing_changes(dump.parent):
        refused(shell('exec "$@" >&-', *arguments), 2, "standard output is closed")
        if arguments[0] != "extract":
            # The copy of the pipe must not become standard output.
            piped = [arguments[0], "-", "-"]
            refused(shell('cat dump.bin | "$@" >&-', *piped), 2, "standard output is closed")


@only_posix
def test_a_file_is_written_though_all_streams_are_closed(dump: Path, picture: Path) -> None:
    """None of the files that are opened gets the number of a stream and is printed into."""
    for name, line in {
        "out.bmp": 'exec "$@" >&-',
        "err.bmp": 'exec "$@" 2>&-',
        "all.bmp": 'exec "$@" <&- >&- 2>&-',
    }.items():
        out = dump.parent / name
        assert shell(line, "picture", dump, out, "--bits", "8").code == 0
        assert out.read_bytes() == picture.read_bytes()
    out = dump.parent / "range.png"
    raw = ["--format", "raw", "--range", "0 L50000"]
    assert shell('exec "$@" <&- >&- 2>&-', "picture", dump, out, *raw).code == 0
    assert seen(out).shape == (286, 286, 4)


def terminal() -> tuple[int, int]:
    """Both ends of a pseudo-terminal."""
    pty = pytest.importorskip("pty", reason="not run: this system has no pseudo-terminals")
    ends: tuple[int, int] = pty.openpty()
    return ends


def test_a_terminal_on_stdin(tmp_path: Path) -> None:
    ours, theirs = terminal()
    with nothing_changes(tmp_path):
        refused(
            memtiles("picture", "-", tmp_path / "out.bmp", stdin=theirs)[0],
            *(2, "standard input is a terminal"),
        )
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("kind", ["picture", "slice"])
def test_a_terminal_on_stdout(dump: Path, kind: str) -> None:
    ours, theirs = terminal()
    done, _ = memtiles(kind, dump, "-", stdout=theirs)
    refused(done, 2, "standard output is a terminal")
    os.close(ours)
    os.close(theirs)


@only_posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["picture"],
        ["picture", "--format", "raw", "--range", "0 L50000"],
        ["slice"],
        ["extract", "--format", "raw", "--range", "0 L50000"],
    ],
)
def test_a_reader_that_goes_away(dump: Path, arguments: list[str]) -> None:
    """`| head -c 10`: what could not be written is a failed part, and that is said in one line."""
    whole = memtiles(arguments[0], dump, "-", *arguments[1:])[1]
    assert len(whole) > 100_000, "larger than a pipe holds"
    with subprocess.Popen(
        command(arguments[0], dump, "-", *arguments[1:]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10) == whole[:10]
        process.stdout.close()
        err = process.stderr.read().decode()
    refused(Outcome.of(process.returncode, "", err), 1, "standard output was closed")


@pytest.mark.parametrize(
    "arguments",
    [
        ["picture"],
        ["picture", "--format", "raw", "--range", "0 L1000"],
        ["slice"],
        ["extract", "--format", "raw", "--range", "0 L1000"],
    ],
)
def test_a_full_disk_behind_stdout(dump: Path, arguments: list[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb") as stdout:
        done, _ = memtiles(arguments[0], dump, "-", *arguments[1:], stdout=stdout)
    refused(done, 6, "no space left")


@pytest.mark.skipif(sys.platform != "linux", reason="a disk that is full is made by RLIMIT_FSIZE")
def test_no_room_for_a_copy_of_stdin(tmp_path: Path) -> None:
    """A pipe is copied to the temp folder, because its length must be known first."""
    limit = "import os, resource, sys\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    limit += "os.execv(sys.argv[1], sys.argv[1:])"
    with nothing_changes(tmp_path):
        done, _ = memtiles(
            *("picture", "-", tmp_path / "out.bmp"),
            stdin=DATA,
            wrapper=[sys.executable, "-c", limit],
        )
        refused(done, 6, "TMPDIR")
