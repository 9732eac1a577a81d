"""`memtiles export`: names, what is refused, and what is there already."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from exports.exported import (
    memtiles,
    nothing_changes,
    refused,
    seen,
)
from exports.pyramids import (
    CLIMBS,
    ENDINGS,
    HOLED,
    KINDS,
    NAMED,
    WHOLE,
    Blank,
    Call,
    archived,
    build_regions,
    deep_zoom_of,
    each_kind,
)
from memtiles.cli import run
from memtiles.errors import LimitError
from memtiles.tiles.standalone import save_deep_zoom, save_pyramid_tiff


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_regions(tmp_path_factory.mktemp("exported"))


# --------------------------------------------------------------------------------------- its names


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (CLIMBS, "x"),
        ("a.zip", "a-zip"),
        ("con", "region-con"),
        ("Größe $(id)\n.szi", "gr-e-id-szi"),
    ],
)
@each_kind
def test_names_out_of_a_dump(
    site: Path,
    tmp_path: Path,
    kind: str,
    name: str,
    stem: str,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of them becomes a path, and none makes an archive of a folder."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    done = call(
        "export", site, "--region", hex(NAMED[name]) if name in NAMED else name, "--to", kind
    )
    assert (done.code, done.errors) == (0, [])
    wanted = {f"{stem}{ENDINGS[kind]}"} | ({f"{stem}_files"} if kind == "dzi" else set())
    assert {path.name for path in deep.iterdir()} == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    if kind == "dzi":
        deep_zoom_of(deep / f"{stem}.dzi")
    if kind == "szi":
        with zipfile.ZipFile(deep / f"{stem}.szi") as archive:
            assert all(one.startswith(f"{stem}/") for one in archive.namelist())
            archived(deep / f"{stem}.szi")


@pytest.mark.parametrize(
    ("kind", "output", "file"),
    [
        ("dzi", "out", "out.dzi"),
        ("dzi", "out.dzi", "out.dzi"),
        ("dzi", "OUT.DZI", "OUT.DZI"),
        ("dzi", "a.zip", "a.zip.dzi"),
        ("dzi", "a.szi", "a.szi.dzi"),
        ("dzi", "folder", "folder/whole8.dzi"),
        ("szi", "a.zip", "a.zip.szi"),
        ("szi", "a[compression=9].szi", "a[compression=9].szi"),
        ("tiff", "out", "out.tif"),
        ("tiff", "out.tiff", "out.tiff"),
        ("tiff", "out.TIF", "out.TIF"),
        ("tiff", "out[page=7].tif", "out[page=7].tif"),
        ("tiff", "folder/", "folder/whole8.tif"),
    ],
)
def test_names_of_the_user(
    site: Path, tmp_path: Path, kind: str, output: str, file: str, call: Call
) -> None:
    (tmp_path / "folder").mkdir()
    chosen = ["--region", "whole8", "--to", kind, "-o", f"{tmp_path}/{output}"]
    done = call("export", site, *chosen)
    assert (done.code, done.errors) == (0, [])
    assert done.out.splitlines()[1] == str(tmp_path / file)
    assert (tmp_path / file).is_file()
    if kind == "dzi":
        stem = file[: -len(".dzi")]
        assert sorted(
            path.relative_to(tmp_path).as_posix() for path in (tmp_path / file).parent.iterdir()
        ) == sorted([file, f"{stem}_files", *([] if "/" in file else ["folder"])])
        assert not (tmp_path / "folder").is_symlink()


@pytest.mark.parametrize("kind", ["szi", "tiff"])
def test_standard_output(site: Path, tmp_path: Path, kind: str) -> None:
    chosen = ["--region", "holed16", "--to", kind, "-o"]
    assert run(["export", str(site), *chosen, str(tmp_path / "out")]) == 0
    (tmp_path / "temporary").mkdir()
    environment = {"TMPDIR": str(tmp_path / "temporary")}
    done, out = memtiles("export", site, *chosen, "-", environment=environment)
    assert (done.code, done.errors[1:]) == (0, [])
    assert out == (tmp_path / f"out{ENDINGS[kind]}").read_bytes()
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
@each_kind
def test_only_its_owner_may_read_what_is_memory(site: Path, tmp_path: Path, kind: str) -> None:
    old = os.umask(0)
    try:
        out = tmp_path / "out"
        assert run(["export", str(site), "--region", "whole8", "--to", kind, "-o", str(out)]) == 0
        assert os.umask(0) == 0
    finally:
        os.umask(old)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


# ------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--region", "whole9"], 2, ["no region is called 'whole9'", "'whole"]),
        (["--region", hex(0x1234)], 2, []),
        (["--atlas", "third"], 2, ["no atlas 'third'", "landscape"]),
        (["--atlas", "landscape", "--region", "whole8"], 2, ["--atlas", "--region"]),
        (["--tile-size", "300"], 2, ["--tile-size"]),
        (["--limit", "1000"], 4, ["--limit"]),
    ],
)
@each_kind
def test_refused(
    site: Path,
    tmp_path: Path,
    kind: str,
    arguments: list[str],
    code: int,
    words: list[str],
    call: Call,
) -> None:
    with nothing_changes(tmp_path):
        done = call("export", site, "--to", kind, "-o", tmp_path / "out", *arguments)
        refused(done, code, *words)


def test_what_is_not_said(site: Path, tmp_path: Path, call: Call) -> None:
    with nothing_changes(tmp_path):
        refused(call("export", site, "-o", tmp_path / "out"), 2, "--to")
        refused(call("export", site, "--to", "dzi", "-o", "-"), 2, "standard output")
        refused(call("export", tmp_path, "--to", "dzi"), 2, "manifest.json")
        refused(call("export", tmp_path / "none", "--to", "dzi"), 2, "manifest.json")
        for kind in KINDS:
            for out in (tmp_path / "no" / "out", site / "out", site / "pictures" / "out"):
                done = call("export", site, "--to", kind, "-o", out)
                refused(done, 2, str(out), "no folder" if "no" in out.parts else "in the site")
            long = tmp_path / ("a" * 252)
            refused(call("export", site, "--to", kind, "-o", long), 2)


def test_the_limit_counts_all_levels(site: Path, tmp_path: Path, call: Call) -> None:
    """912 × 768 bytes, and each level above has a quarter of that, rounded up; a TIFF fills its
    tiles up."""
    sizes = [(912, 768)]
    while max(sizes[-1]) > 1:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    deep_zoom = sum(width * height for width, height in sizes)
    tiff = (4 * 3 + 2 * 2 + 1) * 256 * 256
    for kind, size in (("dzi", deep_zoom), ("szi", deep_zoom), ("tiff", tiff)):
        chosen = ["--region", "whole8", "--to", kind, "-o", tmp_path / "out", "--limit"]
        refused(call("export", site, *chosen, size - 1), 4, f"{size:,} bytes")
        assert list(tmp_path.glob("out*")) == []
        assert call("export", site, *chosen, size).code == 0
        for path in tmp_path.glob("out.*"):
            path.unlink()
        if kind == "dzi":
            (tmp_path / "out_files").rename(tmp_path / "gone")


@pytest.mark.parametrize(
    ("width", "bands", "tile_size", "widest"),
    [
        (131_073, 1, 512, 131_072),
        (65_537, 2, 256, 65_536),
        (32_769, 4, 512, 32_768),
        (65_537, 1, 1024, 65_536),
        (16_385, 4, 1024, 16_384),
        (1 << 40, 1, 512, 131_072),
    ],
)
def test_too_wide(tmp_path: Path, width: int, bands: int, tile_size: int, widest: int) -> None:
    """Of wider ones, libvips would hold more than some 400 MiB."""
    words = f"{width} pixels are too wide: at most {widest} become tiles of {tile_size}"
    for height in (1, 10):
        plane = Blank(width, height, bands)
        with nothing_changes(tmp_path):
            with pytest.raises(LimitError, match=words):
                save_deep_zoom(plane, tmp_path, tile_size, 1)
            with pytest.raises(LimitError, match=words):
                save_pyramid_tiff(plane, tmp_path / "out.tif", tmp_path, tile_size, 1)


def test_too_high(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="100000001 pixels are too high"):
        save_deep_zoom(Blank(4, 100_000_001, 1), tmp_path, 512, 1)


# --------------------------------------------------------------------------- what is there already


@each_kind
def test_what_is_there(site: Path, tmp_path: Path, kind: str, call: Call) -> None:
    out = tmp_path / f"out{ENDINGS[kind]}"
    arguments = ["export", site, "--to", kind, "-o", out, "--region"]
    assert call(*arguments, "whole8").code == 0
    with nothing_changes(tmp_path):
        refused(call(*arguments, "holed8"), 2, f"{out}: is there already", "--force")
    assert call(*arguments, "holed8", "--force").code == 0
    wanted = HOLED[0].pixels()
    if kind == "tiff":
        assert np.array_equal(seen(out), wanted)
    else:
        pyramid = deep_zoom_of(out) if kind == "dzi" else archived(out)
        assert np.array_equal(pyramid.levels()[-1], wanted)
    assert len(list(tmp_path.iterdir())) == (2 if kind == "dzi" else 1)


def test_tiles_without_their_dzi_are_there_too(site: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "out.dzi"
    arguments = ["export", site, "--to", "dzi", "-o", out, "--region", "whole8"]
    for missing in ("out.dzi", "out_files"):
        assert call(*arguments, "--force").code == 0
        (tmp_path / missing).rename(tmp_path / f"{missing}.gone")
        with nothing_changes(tmp_path):
            refused(call(*arguments), 2, "is there already", "--force")
        assert call(*arguments, "--force").code == 0
        assert np.array_equal(deep_zoom_of(out).levels()[-1], WHOLE[0].pixels())


@pytest.mark.parametrize(
    "mine", ["holiday.jpg", "3/holiday.jpg", "3/0_0/x.png", "holiday/0_0.png", ".hidden"]
)
def test_force_removes_nothing_but_tiles(site: Path, tmp_path: Path, mine: str, call: Call) -> None:
    arguments = ["export", site, "--to", "dzi", "-o", tmp_path / "out", "--region", "whole8"]
    assert call(*arguments).code == 0
    (tmp_path / "out_files" / mine).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out_files" / mine).write_text("mine")
    with nothing_changes(tmp_path):
        refused(call(*arguments, "--force"), 2, "out_files", "holds more than tiles")


@pytest.mark.skipif(os.name != "posix", reason="links need permissions on Windows")
@pytest.mark.parametrize("name", ["out.dzi", "out_files"])
@pytest.mark.parametrize("leads", ["somewhere", "nowhere"])
def test_links_are_not_followed(
    site: Path, tmp_path: Path, name: str, leads: str, call: Call
) -> None:
    folder = tmp_path / "somewhere"
    folder.mkdir()
    (folder / "0").mkdir()
    (folder / "0" / "0_0.png").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / leads)
    arguments = [
        "export",
        site,
        "--to",
        "dzi",
        "-o",
        tmp_path / "out" / "out",
        "--region",
        "whole8",
    ]
    with nothing_changes(tmp_path):
        refused(call(*arguments), 2, "is there already")
        refused(call(*arguments, "--force"), 2, "is a link")


@each_kind
def test_files_and_folders_in_the_way(site: Path, tmp_path: Path, kind: str, call: Call) -> None:
    out = tmp_path / f"out{ENDINGS[kind]}"
    arguments = ["export", site, "--to", kind, "-o", out, "--region", "whole8", "--force"]
    if kind == "dzi":
        (tmp_path / "out_files").write_text("mine")
        with nothing_changes(tmp_path):
            refused(call(*arguments), 2, "out_files")
        (tmp_path / "out_files").unlink()
    # A folder of that name is one to write in.
    out.mkdir()
    assert call(*arguments).code == 0
    assert (out / f"whole8{ENDINGS[kind]}").is_file()
