"""OUT: what is refused, what `--force` replaces, and that nothing is left where it went wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exports.exported import (
    Outcome,
    body,
    memtiles,
    noise,
    nothing_changes,
    refused,
    sparse_file,
)
from nobody import IS_ROOT, NOBODY, without_root

DATA = noise(300_000)
RAW = ("--format", "raw", "--range", "0x0+0x493e0")

# Every way in which a file is written: command, ending, further arguments.
WAYS = [
    ("picture", ".bmp", ()),
    ("picture", ".png", ()),
    ("picture", ".bmp", RAW),
    ("slice", ".png", ()),
    ("slice", ".tif", RAW),
    ("slice", ".bmp", ()),
    ("extract", ".bin", RAW),
]
Way = tuple[str, str, tuple[str, ...]]

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join([*way[:2], *way[2][:1]]))


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """The input, in a folder of its own."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "dump.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where outputs go."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


Call = Callable[..., Outcome]


@every_way
def test_a_file_that_is_there(way: Way, dump: Path, folder: Path, call: Call) -> None:
    command, ending, more = way
    out = folder / f"out{ending}"
    assert call(command, dump, out, *more).code == 0
    wanted = out.read_bytes()
    out.write_bytes(b"mine")
    with nothing_changes(folder):
        refused(call(command, dump, out, *more), 2, f"{out}: is there already", "--force")
    assert call(command, dump, out, *more, "--force").code == 0
    assert out.read_bytes() == wanted
    assert [path.name for path in folder.iterdir()] == [out.name]


@every_way
def test_a_file_that_would_be_replaced_stays_when_the_run_fails(
    way: Way, dump: Path, folder: Path
) -> None:
    """The input is cut the moment that the output is begun."""
    command, ending, more = way
    out = folder / f"out{ending}"
    out.write_bytes(b"mine")
    with nothing_changes(folder):
        done = cut_while_it_is_read(dump, 100_000, command, dump, out, *more, "--force")
        refused(done, 3, "dump.bin", "cut")


CUT = """
import os, sys
path, size = sys.argv[1], int(sys.argv[2])
def hook(name, arguments):
    if name == "open" and str(arguments[0]).endswith(".part"):
        os.truncate(path, size)
sys.addaudithook(hook)
from memtiles.cli import main
main(sys.argv[3:])
"""


def cut_while_it_is_read(path: Path, size: int, *arguments: str | Path) -> Outcome:
    """Runs memtiles; a file gets shorter between the first look at it and its bytes."""
    child = [sys.executable, "-c", CUT, str(path), str(size), *map(str, arguments)]
    done = subprocess.run(child, capture_output=True, check=False)
    return Outcome.of(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())


@every_way
@pytest.mark.parametrize("size", [0, 1, 150_000])
def test_an_input_that_is_cut_while_it_is_read(
    way: Way, size: int, dump: Path, folder: Path
) -> None:
    command, ending, more = way
    out = folder / f"out{ending}"
    with nothing_changes(folder):
        done = cut_while_it_is_read(dump, size, command, dump, out, *more)
        refused(done, 3, "dump.bin", "cut")


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way[0] == "extract" or way[:2] == ("picture", ".bmp")]
)
def test_one_byte_that_is_cut_off(way: Way, dump: Path, folder: Path) -> None:
    """No pixel shows it, but it belongs to the file."""
    command, ending, more = way
    out = folder / f"out{ending}"
    with nothing_changes(folder):
        done = cut_while_it_is_read(dump, len(DATA) - 1, command, dump, out, *more)
        refused(done, 3, "dump.bin", "cut")


ALL_OF_IT = ("--format", "raw", "--range", "0x0+0x1000000")


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("picture", ()),
        ("picture", ALL_OF_IT),
        ("slice", ()),
        ("slice", ALL_OF_IT),
        ("extract", ALL_OF_IT),
    ],
)
def test_a_sparse_input_whose_last_hole_is_cut_off(
    tmp_path: Path, folder: Path, command: str, more: tuple[str, ...]
) -> None:
    """Holes are not read, so that nothing but its size tells."""
    memory = sparse_file(tmp_path / "dump.bin", 1 << 24, {0: noise(5000)})
    with nothing_changes(folder):
        done = cut_while_it_is_read(memory, 1 << 20, command, memory, folder / "out.bmp", *more)
        refused(done, 3, "dump.bin", "cut")


@every_way
def test_the_output_is_the_input(way: Way, dump: Path, call: Call) -> None:
    """By the same path, another one, a link, a hard link; with `--force`, too."""
    command, ending, more = way
    folder = dump.parent
    same = dump.rename(folder / f"dump{ending}")
    (folder / "sub").mkdir()
    (folder / f"link{ending}").symlink_to(same.name)
    (folder / f"hard{ending}").hardlink_to(same)
    for out in (same, folder / "sub" / ".." / same.name, f"link{ending}", f"hard{ending}"):
        for force in ([], ["--force"]):
            with nothing_changes(folder):
                done = call(command, same, folder / out, *more, *force)
                refused(done, 2, "is the input: name another file")
    with nothing_changes(folder):
        # And the other way round.
        refused(call(command, folder / f"link{ending}", same, *more, "--force"), 2, "is the input")


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/stdin on Windows")
def test_the_output_is_what_stdin_is_read_from(dump: Path) -> None:
    out = dump.rename(dump.parent / "dump.bmp")
    with nothing_changes(dump.parent), out.open("rb") as stdin:
        done, _ = memtiles("picture", "-", out, "--force", stdin=stdin)
        refused(done, 2, "is the input")


@every_way
def test_a_link_is_followed(way: Way, dump: Path, folder: Path, call: Call) -> None:
    """What it leads to is written, be it there or not; the link stays."""
    command, ending, more = way
    target, out = folder / f"target{ending}", folder / f"out{ending}"
    out.symlink_to(target.name)
    assert call(command, dump, out, *more).code == 0
    assert out.is_symlink()
    wanted = target.read_bytes()
    target.write_bytes(b"mine")
    with nothing_changes(folder):
        refused(call(command, dump, out, *more), 2, "is there already")
    assert call(command, dump, out, *more, "--force").code == 0
    assert out.is_symlink()
    assert target.read_bytes() == wanted


@every_way
def test_places_where_no_file_can_be(way: Way, dump: Path, folder: Path, call: Call) -> None:
    command, ending, more = way
    (folder / f"folder{ending}").mkdir()
    (folder / "file").write_bytes(b"mine")
    (folder / f"loop{ending}").symlink_to(f"loop{ending}")
    for name, words in (
        (f"folder{ending}", ["is a folder"]),
        (f"missing/out{ending}", ["there is no folder", "missing"]),
        (f"file/out{ending}", ["there is no folder", "file"]),
        (f"{'x' * 300}{ending}", ["File name too long"]),
        (f"{'y/' * 2500}out{ending}", ["choose another output"]),
        (f"loop{ending}", []),
    ):
        with nothing_changes(folder):
            done = call(command, dump, folder / name, *more)
            refused(done, 2, *words)


@every_way
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_files_that_are_none(way: Way, dump: Path, folder: Path, call: Call) -> None:
    """A FIFO, and devices: with `--force` they would be renamed over."""
    command, ending, more = way
    os.mkfifo(folder / f"fifo{ending}")
    for device in ("/dev/null", "/dev/full"):
        (folder / f"{Path(device).name}{ending}").symlink_to(device)
    for name in (f"fifo{ending}", f"null{ending}", f"full{ending}"):
        for force in ([], ["--force"]):
            with nothing_changes(folder):
                done = call(command, dump, folder / name, *more, *force)
                refused(done, 2, name, "not a regular file")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/stdout on Windows")
def test_devices_by_their_own_names(dump: Path) -> None:
    for device in ("/dev/null", "/dev/stdout"):
        done, _ = memtiles("extract", dump, device, *RAW, "--force")
        refused(done, 2, device, "write to -")
    assert Path("/dev/null").is_char_device()


@every_way
@pytest.mark.parametrize("mode", [0o555, 0o000])
@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
def test_a_folder_that_may_not_be_written(way: Way, mode: int, dump: Path, folder: Path) -> None:
    command, ending, more = way
    wrapper = without_root(dump, folder)
    if IS_ROOT:
        os.chown(folder, NOBODY, NOBODY)
    folder.chmod(mode)
    try:
        done, _ = memtiles(command, dump, folder / f"out{ending}", *more, wrapper=wrapper)
    finally:
        folder.chmod(0o755)
    refused(done, 2, "Permission denied", "choose another output")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["picture", "slice"])
def test_an_ending_that_is_no_picture(command: str, dump: Path, folder: Path, call: Call) -> None:
    with nothing_changes(folder):
        for name in ("out", "out.", ".bmp", "out.jpg", "out.bmp.gz", "bmp"):
            done = call(command, dump, folder / name)
            refused(done, 2, "name a file that ends in .bmp, .png or .tif")


def test_parts_appear_together_or_not_at_all(tmp_path: Path, folder: Path, call: Call) -> None:
    memory = sparse_file(tmp_path / "memory.bin", 9 << 30)
    (folder / "out.0001.bmp").write_bytes(b"mine")
    with nothing_changes(folder):
        refused(call("picture", memory, folder / "out.bmp"), 2, "out.0001.bmp: is there already")
    assert call("picture", memory, folder / "out.bmp", "--force").code == 0
    assert sorted(path.name for path in folder.iterdir()) == [f"out.000{n}.bmp" for n in range(3)]
    (folder / "out.0003.bmp").write_bytes(b"of a larger picture")
    refused(call("picture", memory, folder / "out.bmp", "--force"), 2, "out.0003.bmp: is left of")
    same = memory.rename(tmp_path / "in.0002.bmp")
    done = call("picture", same, tmp_path / "in.bmp", "--force")
    refused(done, 2, "in.0002.bmp: is the input")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.0002.bmp", "out"]
    assert same.stat().st_size == 9 << 30


# ----------------------------------------------------------------------------------- a full disk


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 128 KiB in memory, mounted for one test."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if not IS_ROOT or mount is None or unmount is None:
        pytest.skip("only root can mount a small disk to fill")
    tmpfs = [mount, "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if subprocess.run(tmpfs, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run([unmount, str(folder)], check=True)


@every_way
def test_a_disk_that_is_full(way: Way, dump: Path, small_disk: Path, call: Call) -> None:
    command, ending, more = way
    out = small_disk / f"out{ending}"
    with nothing_changes(small_disk):
        refused(call(command, dump, out, *more), 6, "no space left")
    out.write_bytes(b"mine")
    with nothing_changes(small_disk):
        refused(call(command, dump, out, *more, "--force"), 6, "no space left")
    if command == "picture" and ending == ".bmp" and not more:
        # What is there in full fits: of the first bytes alone.
        dump.write_bytes(DATA[:80_000])
        assert call(command, dump, out, "--force").code == 0
        assert body(out) == DATA[:80_000]


@every_way
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_file_larger_than_the_user_may_write(way: Way, dump: Path, folder: Path) -> None:
    """RLIMIT_FSIZE stands for quotas and for file systems with a largest file."""
    command, ending, more = way
    limit = "import os, resource, sys\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    limit += "os.execv(sys.argv[1], sys.argv[1:])"
    wrapper = [sys.executable, "-c", limit]
    with nothing_changes(folder):
        done, _ = memtiles(command, dump, folder / f"out{ending}", *more, wrapper=wrapper)
        refused(done, 6, "no space left")
