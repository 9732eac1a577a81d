"""Signals while a file is written: it is whole under its name, or not there."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from exports.exported import Outcome, noise, refused, sparse_file
from reliability.builds import command

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no SIGINT for one process"
)

MIB = 1 << 20
# Every way in which a file is written, of an input that takes long enough to be disturbed.
WAYS = [
    ("picture", "full.bin", "out.bmp", ()),
    ("picture", "full.bin", "out.bmp", ("--format", "raw", "--range", "0x0+0x10000000")),
    ("picture", "holes.bin", "out.png", ()),
    ("slice", "holes.bin", "out.tif", ()),
    ("slice", "holes.bin", "out.bmp", ()),
    ("extract", "full.bin", "out.bin", ("--format", "raw", "--range", "0x0+0x10000000")),
]
Way = tuple[str, str, str, tuple[str, ...]]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join([way[0], way[2]]))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """256 MiB of bytes, and 2 GiB of holes, which are encoded all the same."""
    folder = tmp_path_factory.mktemp("interrupts")
    sparse_file(folder / "holes.bin", 2048 * MIB, {1024 * MIB: noise(MIB)})
    with (folder / "full.bin").open("wb") as file:
        for number in range(256):
            file.write(noise(MIB, number))
    return folder


def disturbed(inputs: Path, folder: Path, way: Way, number: int, *more: str) -> Outcome:
    """Runs memtiles, and sends it a signal as soon as it has begun to write."""
    kind, name, out, options = way
    arguments = command(kind, inputs / name, folder / out, *options, *more)
    before = set(folder.iterdir())
    # Now and then it is done before the signal comes.
    while True:
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while process.poll() is None and set(folder.iterdir()) <= before:
                time.sleep(0.001)
            process.send_signal(number)
            said, err = process.communicate()
        done = Outcome.of(process.returncode, said.decode(), err.decode())
        if done.code:
            return done
        (folder / out).unlink()


@every_way
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_interrupted(inputs: Path, tmp_path: Path, way: Way, name: str) -> None:
    done = disturbed(inputs, tmp_path, way, getattr(signal, name))
    refused(done, 130, "interrupted")
    assert list(tmp_path.iterdir()) == []


@every_way
def test_what_would_be_replaced_stays(inputs: Path, tmp_path: Path, way: Way) -> None:
    out = tmp_path / way[2]
    while True:
        out.write_bytes(b"mine")
        done = disturbed(inputs, tmp_path, way, signal.SIGINT, "--force")
        if out.exists():
            break
    refused(done, 130, "interrupted")
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert out.read_bytes() == b"mine"


@every_way
def test_killed(inputs: Path, tmp_path: Path, way: Way) -> None:
    """Nothing can be cleared away then; but what is left does not have the name of a picture, and
    the next run is not hindered by it."""
    kind, _, out, options = way
    done = disturbed(inputs, tmp_path, way, signal.SIGKILL)
    assert (done.code, done.out, done.errors) == (-signal.SIGKILL, "", [])
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(f".{out}.")
    assert left.suffix == ".part"
    assert left.stat().st_mode & 0o777 == 0o600
    small = inputs / "small.bin"
    small.write_bytes(noise(5000))
    again = [*options[:2], "--range", "0 L1000"] if options else []
    subprocess.run(command(kind, small, tmp_path / out, *again), check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == {left.name, out}


@pytest.mark.parametrize("kind", ["picture", "slice", "extract"])
def test_interrupted_while_nobody_reads_standard_output(
    inputs: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its reader, in the middle of what it writes; no copy is left in the temp
    folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    options = ["--format", "raw", "--range", "0x0+0x1000000"] if kind == "extract" else []
    options = ["--crop", "1000x1000+0+0"] if kind == "slice" else options
    arguments = command(kind, inputs / "full.bin", "-", *options)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1000)
        process.send_signal(signal.SIGINT)
        err = process.stderr.read()
    refused(Outcome.of(process.returncode, "", err.decode()), 130, "interrupted")
    assert list(tmp_path.iterdir()) == []
