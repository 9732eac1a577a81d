"""A second build is the first one of what the dump is now, and draws no more than what changed."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from builders.elf import Load, elf_core
from builders.segments import core_of, tiny_segments
from memtiles.cli import run
from memtiles.pictures.digest import BLAKE3, SHA256, Hash
from memtiles.pictures.render import digests_of
from reliability.builds import tree
from sites import SiteEyes, tiled

MIB = 1 << 20
PAGE = 4096
LARGE = 0x7F00_0000_0000
CONFIG = "dump: app.core\ntiles: {size: 256, region_pyramids_from: 64KiB}\n"


def loads(large: int = 1_300_000, small: int = PAGE) -> list[Load]:
    """Memory, zeros and holes, in regions that are larger than many tiles and smaller than one."""
    randbytes = random.Random(large).randbytes
    return [
        Load(0x1000_0000, randbytes(400_000) + bytes(600_000) + randbytes(99), flags=6),
        *(Load(0x2000_0000 + 2 * at * PAGE, randbytes(small), flags=6) for at in range(5)),
        Load(0x3000_0000, randbytes(5), memsz=700_000, flags=4),
        Load(LARGE, randbytes(large), memsz=large + 300_000, flags=6),
        Load(LARGE + (8 << 20), bytes(900_000), flags=6),
    ]


@dataclass(frozen=True)
class Place:
    """A core, its config, and a site of it."""

    folder: Path

    @property
    def core(self) -> Path:
        return self.folder / "app.core"

    @property
    def site(self) -> Path:
        return self.folder / "site"

    def build(self, *words: str) -> int:
        return run(["build", str(self.folder / "config.yaml"), "--quiet", *words])

    def change(self, content: bytes) -> None:
        """Writes into the file in place; its times are other ones in any case."""
        before = self.core.stat()
        with self.core.open("r+b") as file:
            file.write(content)
            file.truncate(len(content))
        os.utime(self.core, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))

    def anew(self, folder: Path) -> dict[str, tuple[int, str]]:
        """What a first build of the core as it is makes elsewhere."""
        folder.mkdir()
        for name in ("app.core", "config.yaml"):
            shutil.copyfile(self.folder / name, folder / name)
        other = Place(folder)
        assert other.build() == 0
        return tree(other.site)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Built once."""
    found = Place(tmp_path / "first")
    found.folder.mkdir()
    found.core.write_bytes(elf_core(loads()))
    (found.folder / "config.yaml").write_text(CONFIG)
    assert found.build() == 0
    return found


def with_bytes(core: bytes, load: Load, offset: int, data: bytes) -> bytes:
    """The core with other bytes from an offset of a segment on, whose beginning is found in it."""
    at = core.index(load.data[:64]) + offset
    return core[:at] + data + core[at + len(data) :]


def stats(site: Path) -> dict[str, tuple[int, int]]:
    """Which file is behind each name, and when it was written: all but the page and the lists."""
    return {
        path.relative_to(site).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for kind in ("pictures", "bundles", "atlases", "strips")
        for path in (site / kind).rglob("*")
        if path.is_file()
    }


def atlas_tiles(site: Path) -> dict[str, tuple[int, str]]:
    """The number of each tile's file, and its digest by the list."""
    (folder,) = (site / "atlases").iterdir()
    found = {}
    for line in (folder / "tiles.sha256").read_text().splitlines():
        if line[66:].startswith("tiles_files/"):
            found[line[66:]] = ((folder / line[66:]).stat().st_ino, line[:64])
    return found


HEAP, LIBRARY, ZEROS = (loads()[at] for at in (0, -2, -1))
CHANGES = {
    "a byte": (LIBRARY, 700_000, b"\x00"),
    "a byte of the first page": (HEAP, 64, b"\xa5"),
    "a stretch": (LIBRARY, 100_000, bytes(range(256)) * 300),
    "bytes become zeros": (LIBRARY, 0, bytes(1_200_000)),
    "zeros become bytes": (HEAP, 450_000, b"there" * 60_000),
    "a small region": (loads()[3], 0, b"s" * PAGE),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_bytes(place: Place, tmp_path: Path, name: str) -> None:
    """All files are those of a first build, and tiles that are the same are not written again."""
    load, offset, data = CHANGES[name]
    before = atlas_tiles(place.site)
    place.change(with_bytes(place.core.read_bytes(), load, offset, data))
    assert place.build() == 0
    assert tree(place.site) == place.anew(tmp_path / "anew")
    assert run(["check", str(place.site), "--quiet"]) == 0
    after = atlas_tiles(place.site)
    same = [tile for tile in after if tile in before and before[tile][1] == after[tile][1]]
    kept = [tile for tile in same if before[tile][0] == after[tile][0]]
    assert kept, "what lies elsewhere is linked"
    changed = {tile for tile in {*before, *after} if before.get(tile) != after.get(tile)}
    assert changed
    assert len(changed) < len(after)


def test_what_an_earlier_atlas_has_is_untouched_by_what_comes_after(place: Place) -> None:
    """Links share their file: the times of a tile say that nobody wrote into it again."""
    tiles = {
        (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in place.site.glob("atlases/*/tiles_files/*/*.png")
    }
    place.change(with_bytes(place.core.read_bytes(), loads()[3], 0, b"other"))
    assert place.build() == 0
    after = {
        (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in place.site.glob("atlases/*/tiles_files/*/*.png")
    }
    assert len(tiles & after) > len(after) // 2
    assert {ino for ino, _ in tiles & after} == {ino for ino, _ in tiles} & {
        ino for ino, _ in after
    }


def test_an_untouched_dump_writes_nothing(place: Place) -> None:
    before = stats(place.site)
    assert place.build() == 0
    assert stats(place.site) == before


def test_a_dump_that_only_has_other_times_writes_nothing(place: Place) -> None:
    before = stats(place.site)
    place.change(place.core.read_bytes())
    assert place.build() == 0
    assert stats(place.site) == before


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What builds remember, in a cache folder of its own: the folder of a single note."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/memtiles/dumps"


def noted(note: Path) -> Any:
    (file,) = note.iterdir()
    return json.loads(file.read_bytes())


def test_fingerprints_of_regions_are_remembered(note: Path, place: Place) -> None:
    """BLAKE3 over the run list and the BLAKE3 of each MiB; a build that only reads keeps them."""
    data, size = LIBRARY.data, 1_600_000
    runs = f'{{"version":1,"size":"{size:#x}","runs":[["0x0","{len(data):#x}"]]}}'
    blocks = blake3(data[:MIB]).digest() + blake3(data[MIB:]).digest()
    expected = [LARGE, size, blake3(runs.encode() + blocks).hexdigest()]
    for is_touched in (True, False, True, False):
        assert expected in noted(note)["fingerprints"]
        if is_touched:
            place.change(place.core.read_bytes())
        assert place.build() == 0
    assert expected in noted(note)["fingerprints"]


def test_what_is_remembered_spares_sha256(
    note: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes are read again, but hashed by BLAKE3 only; without the note by both."""
    asked: list[tuple[Hash, ...]] = []

    def watched(*words: Any, hashes: tuple[Hash, ...]) -> tuple[str, ...]:
        asked.append(hashes)
        return digests_of(*words, hashes=hashes)

    monkeypatch.setattr("memtiles.stages.pictures.digests_of", watched)
    place.change(place.core.read_bytes())
    assert place.build() == 0
    assert {*asked} == {(BLAKE3,)}
    asked.clear()
    (file,) = note.iterdir()
    file.unlink()
    assert place.build() == 0
    assert {*asked} == {(SHA256, BLAKE3)}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{}",
        "[]",
        '{"version": 1, "manifest": 2}',
        "[" * 100_000,
        [[0, 0, "of no bytes"]],
        [["0x1000", "1", 5]],
        [[1, 2]],
        7,
    ],
    ids=lambda content: str(content)[:40],
)
def test_whatever_lies_where_it_is_remembered(note: Path, place: Place, content: object) -> None:
    """Then all is read, and compared by what the manifest has; and remembered once more."""
    before, known = stats(place.site), noted(note)
    (file,) = note.iterdir()
    if content is None:
        file.unlink()
    elif isinstance(content, str):
        file.write_text(content)
    else:
        file.write_text(json.dumps({**known, "fingerprints": content}))
    assert place.build() == 0
    assert stats(place.site) == before
    assert noted(note) == known


def test_regions_of_other_fingerprints_are_read_as_if_they_had_changed(
    note: Path, place: Place, tmp_path: Path
) -> None:
    known = noted(note)
    (file,) = note.iterdir()
    wrong = [[start, size, "0" * 64] for start, size, _ in known["fingerprints"]]
    file.write_text(json.dumps({**known, "fingerprints": wrong}))
    place.change(place.core.read_bytes())
    assert place.build() == 0
    assert noted(note)["fingerprints"] == known["fingerprints"]
    assert tree(place.site) == place.anew(tmp_path / "anew")


@pytest.mark.parametrize(("large", "small"), [(1_500_000, PAGE), (1_300_000, 3 * PAGE // 2)])
def test_another_layout(place: Place, tmp_path: Path, large: int, small: int) -> None:
    """A region is larger than before, so that others lie elsewhere in the atlas."""
    place.change(elf_core(loads(large, small)))
    assert place.build() == 0
    assert tree(place.site) == place.anew(tmp_path / "anew")


@pytest.mark.parametrize("aspects", [("16:9", "1:3"), ("1:3", "16:9")])
def test_two_atlases_of_the_same_pictures(place: Place, tmp_path: Path, aspects: list[str]) -> None:
    """Each is taken over from its own earlier one."""
    named = ", ".join(f'{{name: a{at}, aspect: "{one}"}}' for at, one in enumerate(aspects))
    (place.folder / "config.yaml").write_text(CONFIG + f"atlases: [{named}]\n")
    assert place.build() == 0
    place.change(with_bytes(place.core.read_bytes(), LIBRARY, 5000, b"other"))
    assert place.build() == 0
    assert tree(place.site) == place.anew(tmp_path / "anew")


@pytest.mark.parametrize(
    "more",
    ["tiles: {size: 512}\n", "tiles: {size: 256, engine: vips}\n", "pictures: {bits: 32}\n"],
    ids=["tile size", "engine", "bits"],
)
def test_another_config(place: Place, tmp_path: Path, more: str) -> None:
    config = CONFIG if "pictures" in more else "dump: app.core\n"
    for text in (config + more, CONFIG):
        (place.folder / "config.yaml").write_text(text)
        place.change(with_bytes(place.core.read_bytes(), LIBRARY, 5000, text[-9:].encode()))
        assert place.build() == 0
        assert tree(place.site) == place.anew(tmp_path / str(len(text)))


def test_rehash_reads_and_draws_all(place: Place) -> None:
    """What is there is right, so it stays; a byte that was changed in it does not."""
    tile = sorted(place.site.glob("atlases/*/tiles_files/*/*.png"))[-1]
    sound = tree(place.site)
    tile.write_bytes(b"no tile")
    bmp = sorted(place.site.glob("pictures/*/region.bmp"))[0]
    bmp.write_bytes(bmp.read_bytes()[:-1] + b"!")
    assert place.build() == 0, "nothing that it needs is known to be damaged"
    assert run(["check", str(place.site), "--quiet"]) == 7
    assert place.build("--rehash") == 0
    assert tree(place.site) == sound


@pytest.mark.parametrize("version", [2, 1, 0, -1])
def test_a_folder_of_an_older_version_is_built_again(place: Place, version: int) -> None:
    sound = tree(place.site)
    text = (place.site / "manifest.json").read_text()
    assert json.loads(text)["version"] == 3
    older = re.sub(r'"version":3(?=[,}])', f'"version":{version}', text)
    assert json.loads(older)["version"] == version
    (place.site / "manifest.json").write_text(older)
    assert place.build() == 0
    assert tree(place.site) == sound


@pytest.mark.parametrize("name", ["tiles.sha256", "unwritten.json"])
@pytest.mark.parametrize("content", [None, b"\xff\n", b"", "half"], ids=str)
def test_a_damaged_list_of_an_earlier_atlas(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: object
) -> None:
    """Nothing is taken over from it; or the way out is told in one line, and leads out."""
    (file,) = place.site.glob(f"atlases/*/{name}")
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is None:
        file.unlink()
    else:
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[::2]) if len(lines) > 1 else lines[0][:-40])
    place.change(with_bytes(place.core.read_bytes(), LIBRARY, 700_000, b"other"))
    anew = place.anew(tmp_path / "anew")
    capsys.readouterr()
    if place.build() == 0:
        assert tree(place.site) == anew, "it was not trusted"
        return
    (line,) = capsys.readouterr().err.splitlines()
    assert "--rehash" in line
    assert place.build("--rehash") == 0
    assert tree(place.site) == anew


def test_a_damaged_tile_of_an_earlier_atlas_is_found_by_check(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is taken over with the digest that it should have."""
    (folder,) = place.site.glob("atlases/*")
    changed = with_bytes(place.core.read_bytes(), LIBRARY, 700_000, b"other")
    trial = Place(Path(shutil.copytree(place.folder, place.folder.parent / "trial")))
    before = atlas_tiles(trial.site)
    trial.change(changed)
    assert trial.build() == 0
    kept = [tile for tile, which in atlas_tiles(trial.site).items() if before.get(tile) == which]
    # Of full resolution, so that nothing is made of it again.
    tile = max(kept, key=lambda one: int(one.split("/")[1]))
    content = (folder / tile).read_bytes()
    (folder / tile).write_bytes(content[:-1] + b"!")
    place.change(changed)
    assert place.build() == 0
    capsys.readouterr()
    assert run(["check", str(place.site), "--quiet"]) == 7
    lines = capsys.readouterr().err.splitlines()[:-1]
    assert len(lines) == 1
    assert f"/{tile}: changed" in lines[0]
    assert place.build("--rehash") == 0
    assert run(["check", str(place.site), "--quiet"]) == 0


@pytest.mark.parametrize("jobs", ["2", "8"])
def test_any_number_of_threads(place: Place, tmp_path: Path, jobs: str) -> None:
    """Of first builds, and of second ones."""
    places = [Place(tmp_path / count) for count in ("1", jobs)]
    for other in places:
        shutil.copytree(place.folder, other.folder)
        shutil.rmtree(other.site)
    for data in (b"", b"other" * 1000):
        for other in places:
            core = other.core.read_bytes()
            other.change(with_bytes(core, LIBRARY, 300_000, data))
            assert other.build("--jobs", other.folder.name) == 0
        assert tree(places[0].site) == tree(places[1].site)


@pytest.mark.parametrize("bits", [8, 24])
def test_both_engines_draw_the_same_at_full_resolution(tmp_path: Path, bits: int) -> None:
    """Pixels where something is present, and nothing where nothing is: everywhere in the atlas."""
    (tmp_path / "app.core").write_bytes(elf_core(loads()))
    eyes = []
    for engine in ("fast", "vips"):
        (tmp_path / "config.yaml").write_text(
            f"dump: app.core\noutput: {engine}\npictures: {{bits: {bits}}}\n"
            f"tiles: {{size: 256, engine: {engine}}}\n"
        )
        assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
        eyes.append(SiteEyes(tmp_path / engine))
    fast, vips = (one.manifest["atlases"][0] for one in eyes)
    assert fast["placements"] == vips["placements"]
    pyramids = [tiled(row)["pyramid"] for row in (fast, vips)]
    size, other_size = ((one["width"], one["height"]) for one in pyramids)
    assert size == other_size
    choose = random.Random(bits)
    points = [(choose.randrange(size[0]), choose.randrange(size[1])) for _ in range(4000)]
    missing = 0
    for x, y in sorted(points, key=lambda point: (point[1] // 256, point[0] // 256)):
        one, other = (eye.pixel(row, x, y) for eye, row in zip(eyes, (fast, vips), strict=True))
        missing += one is None
        assert (one is None) == (other is None), (x, y)
        if one is not None and other is not None:
            # A tile of grey stands for three equal colours.
            assert one * (len(other) // len(one)) == other * (len(one) // len(other) or 1), (x, y)
    assert 100 < missing < 3900


LENSES = "lenses: [bytes, class, entropy, gradient]"
PLANES = "atlases: [{name: first}, {name: second, layout: hilbert}]\n"


@pytest.mark.parametrize("name", CHANGES)
def test_changed_bytes_through_lenses(place: Place, tmp_path: Path, name: str) -> None:
    """What is taken over does as well as what is drawn, whatever a lens's zoom rule."""
    load, offset, data = CHANGES[name]
    (place.folder / "config.yaml").write_text(
        f"{CONFIG}pictures: {{layout: pages, {LENSES}}}\n{PLANES}"
    )
    assert place.build() == 0
    before = stats(place.site)
    place.change(with_bytes(place.core.read_bytes(), load, offset, data))
    assert place.build() == 0
    assert tree(place.site) == place.anew(tmp_path / "anew")
    assert run(["check", str(place.site), "--quiet"]) == 0
    known = {number for number, _ in before.values()}
    tiles = [mark for path, mark in stats(place.site).items() if "/tiles_files/" in path]
    assert sum(number in known for number, _ in tiles) > len(tiles) // 4


def test_another_lens_leaves_the_atlases_of_the_others(place: Place, tmp_path: Path) -> None:
    before = stats(place.site)
    text = f"{CONFIG}pictures: {{lenses: [class, bytes]}}\n"
    (place.folder / "config.yaml").write_text(text)
    assert place.build() == 0
    after = stats(place.site)
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)
    assert tree(place.site) == place.anew(tmp_path / "anew")


# ------------------------------------------------------------------------------------ bundles


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A site of `tiny_segments`."""
    found = Place(tmp_path_factory.mktemp("tiny"))
    found.core.write_bytes(core_of(tiny_segments()))
    (found.folder / "config.yaml").write_text("dump: app.core\n")
    assert found.build() == 0
    return found


def test_an_untouched_bundle_is_not_written(bundled: Place) -> None:
    before = stats(bundled.site)
    assert any(name.startswith("bundles/") for name in before)
    assert bundled.build() == 0
    assert stats(bundled.site) == before
    bundled.change(bundled.core.read_bytes())
    assert bundled.build() == 0
    assert stats(bundled.site) == before


def test_one_changed_region_makes_one_bundle_anew(tmp_path: Path) -> None:
    """Two widths, so two bundles: the other one is as it was, and so are tiles of other places."""
    wide = tuple(
        Load(0x20_0000_0000 + at * 8 * PAGE, random.Random(at).randbytes(5 * PAGE))
        for at in range(300)
    )
    place = Place(tmp_path / "first")
    place.folder.mkdir()
    place.core.write_bytes(core_of(tiny_segments() + wide))
    (place.folder / "config.yaml").write_text("dump: app.core\n")
    assert place.build() == 0
    before = stats(place.site)
    place.change(core_of(tiny_segments(changed=1234) + wide))
    assert place.build() == 0
    after = stats(place.site)
    was, now = ({name.rpartition("/")[0] for name in one if name.startswith("bundles/")}
                for one in (before, after))  # fmt: skip
    assert len(was) == len(now) == 2
    assert len(was & now) == 1
    (same,) = was & now
    assert {name: one for name, one in after.items() if name.startswith(same)} == {
        name: one for name, one in before.items() if name.startswith(same)
    }
    tiles = {one for name, one in before.items() if name.endswith(".png")}
    kept = sum(one in tiles for name, one in after.items() if name.endswith(".png"))
    assert kept > 5
    assert tree(place.site) == place.anew(tmp_path / "anew")
