"""Files on disk: plain ones, sparse ones made by seeking, and archives that Python packs here."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.errors import DiskFullError, DumpError, LimitError
from memtiles.memory.files import unpack
from memtiles.memory.files.file_holes import holes_of
from memtiles.memory.files.source import FileSource
from memtiles.memory.runs import NO_RUNS, Runs

CONTENTS = bytes(range(256)) * 40


@pytest.fixture(params=["preadv", "pread", "seek"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to read, down to what Windows has."""
    if request.param != "preadv":
        monkeypatch.delattr(os, "preadv", raising=False)
    if request.param == "seek":
        monkeypatch.delattr(os, "pread", raising=False)
    return str(request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(CONTENTS)
    return path


def sparse(path: Path) -> bytes:
    """A file of 3 MiB with data in the middle, holes around it, as the file system allows."""
    with path.open("wb") as file:
        file.seek(1 << 20)
        file.write(CONTENTS)
        file.truncate(3 << 20)
    return path.read_bytes()


def read(source: FileSource, offset: int, size: int) -> bytes:
    buffer = bytearray(b"\xaa" * size)
    got = source.read_into(offset, memoryview(buffer))
    return bytes(buffer[:got])


@pytest.mark.usefixtures("reading")
class TestReading:
    def test_gives_the_bytes_of_any_place(self, plain: Path) -> None:
        source = FileSource.open(plain)
        assert source.size == len(CONTENTS)
        assert source.name == "app.core"
        for offset, size in [(0, 1), (3, 500), (0, len(CONTENTS)), (len(CONTENTS) - 1, 1)]:
            assert read(source, offset, size) == CONTENTS[offset : offset + size]
        source.close()

    def test_comes_back_short_at_the_end(self, plain: Path) -> None:
        source = FileSource.open(plain)
        assert read(source, len(CONTENTS) - 3, 10) == CONTENTS[-3:]
        assert read(source, len(CONTENTS) + 5, 10) == b""
        assert source.read(len(CONTENTS) - 2, 1 << 62) == CONTENTS[-2:]
        assert source.read(1 << 63, 10) == b""
        source.close()

    def test_comes_back_short_when_the_file_is_cut_meanwhile(self, plain: Path) -> None:
        source = FileSource.open(plain)
        os.truncate(plain, 100)
        assert read(source, 90, 20) == CONTENTS[90:100]
        source.close()

    def test_holes_of_a_sparse_file_are_zeros_that_are_there(self, tmp_path: Path) -> None:
        path = tmp_path / "sparse"
        contents = sparse(path)
        source = FileSource.open(path)
        middle = (1 << 20) - 10
        assert read(source, 0, len(contents)) == contents
        assert read(source, middle, 100) == contents[middle : middle + 100]
        assert read(source, (3 << 20) - 5, 100) == bytes(5)
        source.close()

    def test_a_hole_that_is_cut_off_is_not_read_as_zeros(self, tmp_path: Path) -> None:
        path = tmp_path / "sparse"
        sparse(path)
        source = FileSource.open(path)
        os.truncate(path, 1000)
        assert read(source, 990, 20) == bytes(10)
        source.close()

    def test_zeros_that_need_no_reading(self, tmp_path: Path, plain: Path) -> None:
        path = tmp_path / "sparse"
        contents = sparse(path)
        source = FileSource.open(path)
        zeros = source.zeros()
        assert all(contents[start : start + size] == bytes(size) for start, size in zeros)
        os.truncate(path, 1000)
        assert source.zeros() == zeros.clip(0, 1000)
        source.close()
        source = FileSource.open(plain)
        assert source.zeros() == NO_RUNS
        source.close()

    def test_many_threads_do_not_disturb_one_another(self, plain: Path) -> None:
        source = FileSource.open(plain)
        wrong: list[int] = []

        def many(start: int) -> None:
            for offset in range(start, len(CONTENTS) - 64, 97):
                if read(source, offset, 64) != CONTENTS[offset : offset + 64]:
                    wrong.append(offset)

        threads = [threading.Thread(target=many, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        source.close()


def test_without_seek_data_no_hole_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "SEEK_DATA", raising=False)
    monkeypatch.delattr(os, "SEEK_HOLE", raising=False)
    path = tmp_path / "sparse"
    contents = sparse(path)
    source = FileSource.open(path)
    assert read(source, 0, len(contents)) == contents
    source.close()


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="the system tells no holes")
def test_eight_gibibytes_of_holes_are_not_read_through(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(8 << 30)
    source = FileSource.open(path)
    calls: list[int] = []
    source._read_once = lambda offset, buffer: calls.append(offset) or 0  # type: ignore[func-returns-value,method-assign]
    assert read(source, 5 << 30, 1 << 20) == bytes(1 << 20)
    if path.stat().st_blocks == 0:
        assert not calls
    source.close()


def test_a_file_that_cannot_be_read_names_the_byte(plain: Path) -> None:
    source = FileSource.open(plain)

    def broken(offset: int, buffer: memoryview) -> int:
        raise OSError(5, "Input/output error")

    source._read_once = broken  # type: ignore[method-assign]
    with pytest.raises(DumpError, match=r"app\.core: cannot be read at byte 7: Input/output"):
        read(source, 7, 3)
    source.close()


def test_identity_changes_with_the_file(plain: Path) -> None:
    first, again = FileSource.open(plain), FileSource.open(plain)
    assert first.identity == again.identity
    assert first.identity.size == len(CONTENTS)
    os.utime(plain, ns=(1, 1))
    changed = FileSource.open(plain)
    assert changed.identity != first.identity
    for source in (first, again, changed):
        source.close()
        source.close()


class TestRefusals:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(DumpError, match="No such file"):
            FileSource.open(tmp_path / "absent")

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises(DumpError, match="null"):
            FileSource.open("a\0b")

    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        with pytest.raises(DumpError, match="is empty"):
            FileSource.open(tmp_path / "empty")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DumpError, match="it is a folder"):
            FileSource.open(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
    def test_fifo_without_waiting_for_a_writer(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(DumpError, match="not a regular file"):
            FileSource.open(tmp_path / "fifo")

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no /dev/zero")
    def test_device(self) -> None:
        with pytest.raises(DumpError, match="not a regular file"):
            FileSource.open("/dev/zero")

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
    )
    def test_unreadable(self, plain: Path) -> None:
        plain.chmod(0)
        with pytest.raises(DumpError, match="Permission denied"):
            FileSource.open(plain)


@given(st.integers(0, 3 << 20), st.integers(0, 3 << 20))
def test_holes_of_a_part_of_a_file(start: int, end: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "sparse")
        sparse(path)
        with path.open("rb") as file:
            everything = Runs.of(holes_of(file.fileno(), 3 << 20))
            found = holes_of(file.fileno(), end, start)
        size = max(0, end - start)
        assert found == [(start + at, size) for at, size in everything.clip(start, size)]


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".GZ": gzip.compress,
}
SPREAD = CONTENTS + bytes(5 << 20) + CONTENTS + bytes(1 << 20) + b"end"


@pytest.mark.parametrize("suffix", PACKERS)
class TestPacked:
    @pytest.fixture
    def packed(self, tmp_path: Path, suffix: str) -> Path:
        path = tmp_path / f"app.core{suffix}"
        path.write_bytes(PACKERS[suffix](SPREAD))
        return path

    def test_reads_the_contents(self, packed: Path) -> None:
        source = FileSource.open(packed)
        assert source.name == "app.core"
        assert source.size == len(SPREAD)
        assert read(source, 0, len(SPREAD)) == SPREAD
        assert source.identity.size == packed.stat().st_size
        source.close()

    def test_zeros_at_the_end_are_kept(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"z{suffix}"
        path.write_bytes(PACKERS[suffix](bytes(1 << 18)))
        source = FileSource.open(path)
        assert read(source, 0, 1 << 20) == bytes(1 << 18)
        source.close()

    def test_several_archives_in_a_row(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"two{suffix}"
        path.write_bytes(PACKERS[suffix](b"one") + PACKERS[suffix](b"two") + bytes(8))
        source = FileSource.open(path)
        assert read(source, 0, 10) == b"onetwo"
        source.close()

    def test_cut_at_any_byte_is_an_error(self, tmp_path: Path, suffix: str) -> None:
        whole = PACKERS[suffix](CONTENTS)
        path = tmp_path / f"cut{suffix}"
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            with pytest.raises(DumpError, match=r"damaged or cut|empty"):
                FileSource.open(path)

    def test_garbage_is_an_error_that_says_where(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"garbage{suffix}"
        path.write_bytes(b"no archive at all")
        with pytest.raises(DumpError, match=r"0 bytes came out of the first (2|17) of"):
            FileSource.open(path)

    def test_an_empty_archive(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"nothing{suffix}"
        path.write_bytes(PACKERS[suffix](b""))
        with pytest.raises(DumpError, match="empty"):
            FileSource.open(path)

    def test_expansion_is_bounded(self, packed: Path) -> None:
        with pytest.raises(LimitError, match="more than 1000 bytes"):
            FileSource.open(packed, limit=1000)
        FileSource.open(packed, limit=len(SPREAD)).close()

    def test_a_full_disk(self, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(temp: io.FileIO, chunk: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(unpack, "write_sparse", full)
        with pytest.raises(DiskFullError, match="TMPDIR"):
            FileSource.open(packed)

    @pytest.mark.skipif(not hasattr(os.stat_result, "st_blocks"), reason="no st_blocks here")
    def test_zeros_take_no_disk(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"zeros{suffix}"
        path.write_bytes(PACKERS[suffix](bytes(16 << 20)))
        source = FileSource.open(path)
        assert os.fstat(source._file.fileno()).st_blocks * 512 < 1 << 20
        source.close()


def test_an_archive_that_wants_gigabytes_to_unpack(tmp_path: Path) -> None:
    """The filter's dictionary size is patched into the packer's properties: 1 GiB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    whole = bytearray(lzma.compress(CONTENTS, lzma.FORMAT_XZ, filters=filters))
    at = whole.index(bytes([0x21, 0x01]))  # filter id, size of properties; then the size code
    whole[at + 2] = 36  # 1 GiB
    import zlib

    header = whole[12 : 12 + (whole[12] + 1) * 4]
    crc = zlib.crc32(header[:-4]).to_bytes(4, "little")
    whole[12 + len(header) - 4 : 12 + len(header)] = crc
    path = tmp_path / "greedy.xz"
    path.write_bytes(whole)
    with pytest.raises(LimitError, match="memory to unpack"):
        FileSource.open(path)
