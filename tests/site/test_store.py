"""The output folder: permissions, names, what is swept, what is read again, what is left alone."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.cli import run
from memtiles.memory.files.source import FileSource
from memtiles.site.store import slug
from reliability.builds import tree, write_inputs


def build(config: Path, *more: str) -> int:
    return run(["build", str(config), "--quiet", *more])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of `small_core` in a folder of its own."""
    return write_inputs(tmp_path)


def modes(folder: Path) -> tuple[set[int], set[int]]:
    """The permissions of all folders and of all files of a site."""
    folders: set[int] = set()
    files: set[int] = set()
    for path in [folder, *folder.rglob("*")]:
        (folders if path.is_dir() else files).add(stat.S_IMODE(path.stat().st_mode))
    return folders, files


def test_memory_is_private(config: Path) -> None:
    before = os.umask(0)
    try:
        assert build(config) == 0
    finally:
        assert os.umask(before) == 0
    assert modes(config.parent / "site") == ({0o700}, {0o600})


def test_mode(config: Path) -> None:
    assert build(config, "--mode", "0755") == 0
    assert modes(config.parent / "site") == ({0o755}, {0o644})


def test_a_change_of_mode_reaches_what_was_there(config: Path) -> None:
    site = config.parent / "site"
    for mode, file_mode in (("0755", 0o644), ("0700", 0o600), ("0750", 0o640)):
        assert build(config, "--mode", mode) == 0
        assert modes(site) == ({int(mode, 8)}, {file_mode})


@pytest.mark.parametrize("wrong", ["0600", "1777", "rwx", "0o755x"])
def test_a_mode_that_locks_the_owner_out_or_is_none(config: Path, wrong: str) -> None:
    assert build(config, "--mode", wrong) == 2
    assert not (config.parent / "site").exists()


@given(st.text())
def test_slugs_never_escape(name: str) -> None:
    part = slug(name)
    assert 1 <= len(part) <= 40
    assert set(part) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not part.startswith("-")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ntdll.dll", "ntdll-dll"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\..\\x", "c-windows-x"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("\0\n", "unnamed"),
        ("a" * 100, "a" * 40),
        ("a" * 39 + ".b", "a" * 39),
        ("naïve ☃", "na-ve"),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_sweeps_only_what_the_manifest_does_not_name(config: Path) -> None:
    site = config.parent / "site"
    assert build(config) == 0
    before = tree(site)
    shutil.copytree(next((site / "pictures").iterdir()), site / "pictures" / "left-over")
    (site / "atlases" / "other").mkdir()
    (site / "notes.txt").write_text("mine")
    assert build(config) == 0
    assert (site / "notes.txt").read_text() == "mine"
    (site / "notes.txt").unlink()
    assert tree(site) == before


def test_a_swept_folder_is_gone_and_others_are_the_very_same(config: Path) -> None:
    site = config.parent / "site"
    assert build(config) == 0
    before = {path: path.stat().st_ino for path in site.glob("*/*") if path.is_dir()}
    write_inputs(config.parent, "second")
    assert build(config) == 0
    after = {path: path.stat().st_ino for path in site.glob("*/*") if path.is_dir()}
    # The heap's picture and the atlas with it; all else has the bytes that it had.
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == 2
    assert all(before[path] == after[path] for path in before.keys() & after.keys())


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read of a dump gave, as they are read; the real reading goes on."""
    counts: list[int] = []
    read_into = FileSource.read_into

    def counted(self: FileSource, offset: int, buffer: memoryview) -> int:
        counts.append(read_into(self, offset, buffer))
        return counts[-1]

    monkeypatch.setattr(FileSource, "read_into", counted)
    return counts


def test_an_untouched_dump_is_not_read_again(config: Path, bytes_read: list[int]) -> None:
    memory = 200_123 + 4 * 4096 + 53 * 4096
    assert build(config) == 0
    assert sum(bytes_read) >= memory
    before = tree(config.parent / "site")
    bytes_read.clear()
    assert build(config) == 0
    # The ELF header and its tables, of which the largest is a name of 20 letters.
    assert sum(bytes_read) < 8192
    assert tree(config.parent / "site") == before


def test_a_touched_dump_is_read_again(config: Path, bytes_read: list[int]) -> None:
    assert build(config) == 0
    before = tree(config.parent / "site")
    all_of_it = sum(bytes_read)
    bytes_read.clear()
    os.utime(config.parent / "app.core", ns=(1, 1))
    assert build(config) == 0
    assert sum(bytes_read) == all_of_it
    assert tree(config.parent / "site") == before


def test_a_dump_changed_under_the_same_mtime_is_read_again(config: Path) -> None:
    dump = config.parent / "app.core"
    times = dump.stat().st_atime_ns, dump.stat().st_mtime_ns
    assert build(config) == 0
    before = tree(config.parent / "site")
    content = bytearray(dump.read_bytes())
    content[-1] ^= 1
    dump.write_bytes(content)
    os.utime(dump, ns=times)
    assert build(config) == 0
    assert tree(config.parent / "site") != before


def test_another_base_is_another_reading_of_the_same_file(tmp_path: Path) -> None:
    """The same range of addresses shows other bytes of an untouched file when its base moves."""
    dump = bytes(range(256)) * 48
    (tmp_path / "memory.bin").write_bytes(dump)
    config = tmp_path / "config.yaml"
    for base in (0x1000, 0x0FFF):
        config.write_text(
            f"dump: {{path: memory.bin, format: raw, base: {base:#x}}}\n"
            "regions: {ranges: [{name: here, range: 0x2000+0x1000}], exclude: [{kind: file}]}\n"
        )
        assert build(config) == 0
        (bmp,) = (tmp_path / "site" / "pictures").glob("*/region.bmp")
        assert bmp.read_bytes()[-0x1000:] == dump[0x2000 - base :][:0x1000]


@pytest.mark.parametrize("file", ["region.bmp", "runs.json", "tiles_files/9/0_0.png", "tiles.dzi"])
def test_rehash_mends_damage(config: Path, file: str) -> None:
    site = config.parent / "site"
    assert build(config) == 0
    before = tree(site)
    (damaged,) = site.glob(f"pictures/libsmall-so-*/{file}")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert run(["check", str(site), "--quiet"]) == 7
    assert build(config, "--rehash") == 0
    assert run(["check", str(site), "--quiet"]) == 0
    assert tree(site) == before


def test_rehash_mends_a_manifest(config: Path) -> None:
    site = config.parent / "site"
    assert build(config) == 0
    before = tree(site)
    (site / "manifest.json").write_text("{")
    assert build(config, "--rehash") == 0
    assert tree(site) == before


def foreign_folder(folder: Path, *names: str) -> Path:
    """Somebody's folder: an executable script, a folder, a link out of it, and what is named."""
    folder.mkdir(mode=0o755)
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "photos").mkdir(mode=0o755)
    (folder / "photos" / "a.jpg").write_bytes(b"\xff\xd8")
    (folder.parent / "elsewhere").write_text("not in the folder at all")
    (folder.parent / "elsewhere").chmod(0o644)
    (folder / "link").symlink_to(folder.parent / "elsewhere")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text('{"version": 1, "name": "somebody\'s"}')
    return folder


def test_a_foreign_folder_is_refused(config: Path) -> None:
    folder = foreign_folder(config.parent / "site")
    before = tree(folder)
    assert build(config) == 2
    assert tree(folder) == before


@pytest.mark.parametrize("mode", ["0700", "0755"])
def test_force_leaves_foreign_files_alone(config: Path, mode: str) -> None:
    folder = foreign_folder(config.parent / "site")
    foreign = {name: row for name, row in tree(folder).items() if name != "."}
    assert build(config, "--force", "--mode", mode) == 0
    assert tree(folder).items() >= foreign.items()
    assert stat.S_IMODE((folder.parent / "elsewhere").stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == int(mode, 8)
    assert run(["check", str(folder), "--quiet"]) == 0


@pytest.mark.parametrize(
    "name", ["index.html", "manifest.json", "pictures/holiday.jpg", ".staging/x", "viewer.js"]
)
def test_force_never_replaces_a_foreign_file(config: Path, name: str) -> None:
    folder = foreign_folder(config.parent / "site", name)
    before = tree(folder)
    for more in ([], ["--force"], ["--force", "--rehash"]):
        assert build(config, *more) == 2
        assert tree(folder) == before


def test_the_manifest_of_another_program_is_no_site(config: Path) -> None:
    folder = config.parent / "site"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "an app of the web", "version": "1.0"}')
    before = tree(folder)
    assert build(config) == 2
    assert tree(folder) == before
