"""Whatever is wrong: one line, the documented exit code, and no folder that looks done."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from nobody import IS_ROOT, NOBODY, without_root
from reliability.builds import Outcome, command, memtiles, small_core, tree, write_inputs

only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can make files of somebody else")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of `small_core` in a folder of its own."""
    return write_inputs(tmp_path)


def refused(outcome: Outcome, code: int, *words: str) -> None:
    """One line, of ours, that holds these words."""
    assert (outcome.code, len(outcome.errors)) == (code, 1), outcome
    assert outcome.errors[0].startswith("memtiles: ")
    assert "bug" not in outcome.errors[0]
    for word in words:
        assert word in outcome.errors[0]


# ---------------------------------------------------------------------------------------- dumps


def test_missing_dump(config: Path) -> None:
    (config.parent / "app.core").unlink()
    refused(memtiles("build", config), 3, "app.core", "No such file")
    assert not (config.parent / "site").exists()


def test_empty_dump(config: Path) -> None:
    (config.parent / "app.core").write_bytes(b"")
    refused(memtiles("build", config), 3, "app.core", "empty")
    assert not (config.parent / "site").exists()


def test_a_directory_as_dump(config: Path) -> None:
    (config.parent / "app.core").unlink()
    (config.parent / "app.core").mkdir()
    refused(memtiles("build", config), 3, "app.core", "folder")
    assert not (config.parent / "site").exists()


def test_unreadable_dump(config: Path) -> None:
    wrapper = without_root(config)
    (config.parent / "app.core").chmod(0)
    refused(memtiles("build", config, wrapper=wrapper), 3, "app.core", "Permission denied")
    assert not (config.parent / "site").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_as_dump(config: Path) -> None:
    (config.parent / "app.core").unlink()
    os.mkfifo(config.parent / "app.core")
    refused(memtiles("build", config), 3, "app.core", "regular file")


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF",
        b"\x7fELF\x02\x01\x01" + bytes(9),
        small_core()[:63],
        small_core()[:100],
        b"\x7fELF" + b"\xff" * 5000,
    ],
    ids=["magic", "ident", "cut header", "cut table", "garbage"],
)
def test_garbage_elf(config: Path, content: bytes) -> None:
    (config.parent / "app.core").write_bytes(content)
    refused(memtiles("build", config), 3, "app.core")
    assert not (config.parent / "site").exists()


def test_no_format_at_all(config: Path) -> None:
    (config.parent / "app.core").write_bytes(b"just some text")
    refused(memtiles("build", config), 3, "app.core", "raw")
    assert not (config.parent / "site").exists()


def test_a_core_that_was_cut_is_drawn_with_holes(config: Path) -> None:
    """The kernel cuts cores at `ulimit -c`: what is there is drawn, and the loss is said."""
    (config.parent / "app.core").write_bytes(small_core()[:300_000])
    done = memtiles("build", config)
    assert done.code == 0
    assert any("cut" in line or "missing" in line or "ends" in line for line in done.errors), done


def test_a_cut_archive(config: Path) -> None:
    (config.parent / "app.core.gz").write_bytes(gzip.compress(small_core())[:1000])
    config.write_text("dump: app.core.gz\n")
    refused(memtiles("build", config), 3, "app.core.gz", "damaged or cut")
    assert not (config.parent / "site").exists()


def test_a_dump_that_is_cut_while_it_is_read(tmp_path: Path) -> None:
    """A raw dump of 600 MiB of holes and letters, cut as soon as the first picture is staged."""
    dump = tmp_path / "memory.bin"
    with dump.open("wb") as file:
        for _ in range(600):
            file.write(b"memory" * 1000)
            file.seek((1 << 20) - 6000, os.SEEK_CUR)
        file.truncate()
    config = tmp_path / "config.yaml"
    config.write_text("dump: {path: memory.bin, format: raw}\n")
    with build_in_background(config) as build:
        wait_for_staging(config.parent / "site", build)
        os.truncate(dump, 4096)
        assert build.stderr is not None
        errors = build.stderr.read().splitlines()
    refused(Outcome(build.returncode, errors), 3, "memory.bin", "cut or changed")
    assert not (tmp_path / "site" / "manifest.json").exists()
    assert not (tmp_path / "site" / ".staging").exists()


def test_a_dump_that_is_written_to_while_it_is_read(tmp_path: Path) -> None:
    """One byte at the end of 64 MiB changes after the build began; the file keeps its size."""
    dump = tmp_path / "memory.bin"
    dump.write_bytes(bytes(range(256)) * (1 << 18))
    config = tmp_path / "config.yaml"
    config.write_text("dump: {path: memory.bin, format: raw}\n")
    with build_in_background(config) as build:
        wait_for_staging(config.parent / "site", build)
        with dump.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"!")
        assert build.stderr is not None
        errors = build.stderr.read().splitlines()
    refused(Outcome(build.returncode, errors), 3, "memory.bin", "changed while it was read")
    assert not (tmp_path / "site" / "manifest.json").exists()


# ------------------------------------------------------------------------------------ processes

# A process with 256 MiB of its own, which others may read where Yama restricts that.
LARGE_PROCESS = """
import ctypes, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
memory = bytearray(b"memory" * (256 << 18))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """A running Python with 384 MiB of text in its heap."""
    if sys.platform != "linux":
        pytest.skip("live processes are read on Linux only")
    with subprocess.Popen(
        [sys.executable, "-c", LARGE_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        yield running
        running.kill()


def test_a_process_that_ends_while_it_is_read(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"dump: {{live: {{pid: {process.pid}}}}}\n")
    with build_in_background(config) as build:
        wait_for_staging(tmp_path / "site", build)
        process.kill()
        process.wait()
        assert build.stderr is not None
        errors = build.stderr.read().splitlines()
    refused(Outcome(build.returncode, errors), 3, str(process.pid), "ended")
    assert not (tmp_path / "site" / "manifest.json").exists()
    assert not (tmp_path / "site" / ".staging").exists()


def test_a_process_that_has_ended(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"dump: {{live: {{pid: {process.pid}}}}}\n")
    process.kill()
    process.wait()
    refused(memtiles("build", config), 3, str(process.pid))
    assert not (tmp_path / "site").exists()


def test_a_process_that_may_not_be_read(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("dump: {live: {pid: 1}}\n")
    if not Path("/proc/1/mem").exists():
        pytest.skip("this system has no /proc")
    refused(memtiles("build", config, wrapper=without_root(config)), 3, "1", "may not be read")
    assert not (tmp_path / "site").exists()


# ------------------------------------------------------------------------------- output folders


def test_the_output_is_a_link(config: Path) -> None:
    (config.parent / "real").mkdir()
    (config.parent / "site").symlink_to(config.parent / "real")
    before = tree(config.parent)
    refused(memtiles("build", config), 2, "site", "link")
    refused(memtiles("build", config, "--force"), 2, "site", "link")
    assert tree(config.parent) == before


def test_the_output_is_a_link_to_nowhere(config: Path) -> None:
    (config.parent / "site").symlink_to(config.parent / "nowhere")
    refused(memtiles("build", config), 2, "site", "link")
    assert not (config.parent / "nowhere").exists()


@pytest.mark.parametrize("name", [".staging", "pictures", "atlases"])
def test_a_link_inside_the_output(config: Path, name: str) -> None:
    assert memtiles("build", config, "--quiet").code == 0
    elsewhere = config.parent / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    shutil.rmtree(config.parent / "site" / name, ignore_errors=True)
    (config.parent / "site" / name).symlink_to(elsewhere)
    before = tree(config.parent)
    refused(memtiles("build", config, "--rehash"), 2, name, "link")
    assert tree(config.parent) == before


def test_the_output_is_a_file(config: Path) -> None:
    (config.parent / "site").write_text("mine")
    refused(memtiles("build", config), 2, "site", "file")
    assert (config.parent / "site").read_text() == "mine"


def test_the_output_is_below_a_file(config: Path) -> None:
    output = config.parent / "app.core" / "site"
    refused(memtiles("build", config, "--output", output), 2, "app.core")
    assert (config.parent / "app.core").read_bytes() == small_core()


@only_root
def test_the_output_is_somebody_elses(config: Path) -> None:
    site = config.parent / "site"
    site.mkdir()
    os.chown(site, NOBODY, NOBODY)
    before = tree(site)
    refused(memtiles("build", config), 2, "site", "somebody else")
    refused(memtiles("build", config, "--force"), 2, "site", "somebody else")
    assert tree(site) == before


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_the_output_may_not_be_written(config: Path, mode: int) -> None:
    wrapper = without_root(config)
    site = config.parent / "site"
    site.mkdir()
    if IS_ROOT:
        os.chown(site, NOBODY, NOBODY)
    site.chmod(mode)
    refused(memtiles("build", config, wrapper=wrapper), 2, "site", "Permission denied")
    site.chmod(0o700)
    assert list(site.iterdir()) == []


def test_the_output_may_not_be_made(config: Path) -> None:
    wrapper = without_root(config)
    if not IS_ROOT:
        config.parent.chmod(0o500)
    refused(memtiles("build", config, wrapper=wrapper), 2, "site", "Permission denied")
    config.parent.chmod(0o700)
    assert not (config.parent / "site").exists()


def test_the_output_is_locked(config: Path) -> None:
    """This process holds the lock as a build would."""
    site = config.parent / "site"
    assert memtiles("build", config, "--quiet").code == 0
    before = tree(site)
    write_inputs(config.parent, "second")
    with FileLock(site / ".memtiles.lock"):
        refused(memtiles("build", config), 5, "site", "another build")
        assert tree(site) == before
    assert memtiles("build", config, "--quiet").code == 0


# ---------------------------------------------------------------------------------- limits, disk


def test_limits_output(config: Path) -> None:
    config.write_text(config.read_text() + "limits: {output: 100KiB}\n")
    refused(memtiles("build", config), 4, "limits.output", "102,400")
    assert not (config.parent / "site").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB in memory, mounted for one test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if not IS_ROOT or mount is None or unmount is None:
        pytest.skip("only root can mount a small disk to fill")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run([unmount, str(folder)], check=True)


# kB that are free: none for the lock, not enough for the BMPs, for the tiles, for the viewer.
@pytest.mark.parametrize("free", [0, 8, 100, 300, 520, 700, 900])
def test_disk_full(config: Path, small_disk: Path, free: int) -> None:
    fill(small_disk / "filler", free << 10)
    site = small_disk / "site"
    refused(memtiles("build", config, "--output", site), 6)
    assert not (site / "manifest.json").exists()
    assert not (site / ".staging").exists()


def test_disk_full_at_a_rebuild_keeps_the_old_site(config: Path, small_disk: Path) -> None:
    site = small_disk / "site"
    assert memtiles("build", config, "--output", site, "--quiet").code == 0
    before = tree(site)
    fill(small_disk / "filler", 30 << 10)
    write_inputs(config.parent, "second")
    refused(memtiles("build", config, "--output", site), 6)
    assert tree(site).items() >= before.items()
    assert memtiles("check", site, "--quiet").code == 0


def test_an_untouched_dump_needs_room_for_the_page_only(tmp_path: Path, small_disk: Path) -> None:
    """Of 1.5 MiB of text nothing is drawn again, though less is free."""
    (tmp_path / "memory.bin").write_bytes(b"memory" * (1 << 20 >> 2))
    config = tmp_path / "config.yaml"
    config.write_text("dump: {path: memory.bin, format: raw}\n")
    build = ("build", config, "--quiet", "--output", small_disk / "site")
    assert memtiles(*build).code == 0
    before = tree(small_disk / "site")
    fill(small_disk / "filler", 800 << 10)
    assert memtiles(*build) == Outcome(0, [])
    assert tree(small_disk / "site") == before


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a quota is made by RLIMIT_FSIZE")
def test_a_disk_that_takes_only_a_part_of_a_tile(tmp_path: Path) -> None:
    """The system writes what fits, says how much, and no error: the tile was taken for whole.

    Here no file may have more than 600,000 bytes, which four BMPs of 256 KiB have not, and a tile
    of 1,024 pixels of noise has. On a disk or with a quota that is nearly full it is the same.
    """
    (tmp_path / "memory.bin").write_bytes(random.Random(1).randbytes(1 << 20))
    ranges = [f"{{name: r{at}, range: {at << 18:#x}+0x40000}}" for at in range(4)]
    config = tmp_path / "config.yaml"
    config.write_text(
        "dump: {path: memory.bin, format: raw}\n"
        f"regions: {{ranges: [{', '.join(ranges)}]}}\n"
        "tiles: {size: 1024}\n"
    )
    limited = (sys.executable, "-c", LIMITED)
    refused(memtiles("build", config, wrapper=limited), 6, "no space left")
    assert not (tmp_path / "site/manifest.json").exists()


def fill(file: Path, free: int) -> None:
    """Leaves so many bytes free on a file's disk, in whole pages."""
    file.write_bytes(bytes(max(0, shutil.disk_usage(file.parent).free - free)))


# ----------------------------------------------------------------------------------- the config


def test_no_config(tmp_path: Path) -> None:
    refused(memtiles("build", tmp_path / "config.yaml"), 2, "config.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dmup: app.core\n", ["config.yaml:1", "dmup"]),
        ("dump: {path: app.core, base: 0085e000, format: raw}\n", ["config.yaml:1", "0x"]),
        ("dump: app.core\ndump: app.core\n", ["config.yaml:2", "dump"]),
        ("dump: [\n", ["config.yaml:"]),
        ("\0", ["config.yaml:"]),
    ],
)
def test_bad_config(config: Path, text: str, words: list[str]) -> None:
    config.write_text(text)
    done = memtiles("build", config)
    assert done.code == 2
    # A line for each mistake.
    assert all(line.startswith("memtiles: ") for line in done.errors)
    for word in words:
        assert word in done.errors[0]
    assert not (config.parent / "site").exists()


def test_each_mistake_has_its_line(config: Path) -> None:
    config.write_text("dump: app.core\npictures: {bits: 9}\ntiles: {size: 7}\n")
    done = memtiles("build", config)
    assert (done.code, len(done.errors)) == (2, 2)


@pytest.mark.parametrize("arguments", [[], ["bild"], ["build"], ["build", "x", "--jobs", "0"]])
def test_bad_command_line(arguments: list[str]) -> None:
    refused(memtiles(*arguments), 2, "--help")


# ----------------------------------------------------------------------------------- interrupts


def build_in_background(config: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("build", config, "--quiet", *more), stderr=subprocess.PIPE, text=True
    )


def wait_for_staging(site: Path, build: subprocess.Popen[str]) -> None:
    """Waits until a build has begun to write its first picture."""
    while build.poll() is None and not any(site.glob(".staging/*/region.bmp")):
        time.sleep(0.005)
    assert build.poll() is None, "the build was over before it could be disturbed"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("delay", [0.0, 0.3, 0.4])
def test_interrupted(config: Path, tmp_path: Path, delay: float) -> None:
    """A site of a small core is rebuilt from a raw dump of 176 MB: that core 400 times over."""
    site = tmp_path / "site"
    assert memtiles("build", config, "--quiet").code == 0
    before = tree(site)
    (tmp_path / "app.core").write_bytes(small_core() * 400)
    config.write_text("dump: {path: app.core, format: raw}\n")
    with build_in_background(config) as build:
        wait_for_staging(site, build)
        time.sleep(delay)
        build.send_signal(signal.SIGINT)
        assert build.stderr is not None
        errors = build.stderr.read().splitlines()
    refused(Outcome(build.returncode, errors), 130, "interrupted")
    assert not (site / ".staging").exists()
    assert tree(site).items() >= before.items()
    assert memtiles("check", site, "--quiet").code == 0
