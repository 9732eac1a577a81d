"""A user's own lens: what is told of its mistakes, and that none of them is drawn."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from memtiles.cli import run
from memtiles.errors import LensError, UsageError
from memtiles.pictures import guarded as guarded_module
from memtiles.pictures import patience
from memtiles.pictures.guarded import GuardedColours, GuardedValues, guarded
from memtiles.pictures.lens import ColourLens, Surroundings, Swatch, ValueLens
from memtiles.pictures.own_lens import own_lens
from memtiles.pictures.trial import try_lens
from memtiles.pictures.zoom import Foremost, Mean
from own_lens_source import own_lens_source

EXAMPLE = Path(__file__).parents[2] / "configs" / "lens_example.py"
DATA = np.arange(2 * 64, dtype=np.uint8).reshape(2, 64)

GOOD = own_lens_source()


def of_text(folder: Path, text: str) -> GuardedColours | GuardedValues:
    file = folder / "mine.py"
    file.write_text(text)
    return own_lens(file)


def test_a_lens_of_a_file(tmp_path: Path) -> None:
    made = of_text(tmp_path, GOOD)
    assert isinstance(made, ValueLens)
    assert (made.name, made.block, made.zoom) == ("mine", 1, Mean())
    assert made.values(DATA, None).tolist() == np.maximum(DATA, 1).tolist()
    assert made.for_dump(Surroundings()) is made
    assert not list(tmp_path.glob("__pycache__"))


def test_an_edited_lens_has_another_key(tmp_path: Path) -> None:
    one = of_text(tmp_path, GOOD)
    same = of_text(tmp_path, GOOD)
    other = of_text(tmp_path, GOOD + "# an edit\n")
    assert isinstance(one, GuardedValues)
    assert isinstance(same, GuardedValues)
    assert isinstance(other, GuardedValues)
    assert one.key == same.key != other.key


COLOURS = GOOD.split("    block")[0] + (
    "    def bands(self, bits): return 1\n"
    "    def colours(self, pixels): return pixels[:, :, :1]\n"
    "LENS = Lens()\n"
)


def test_a_colour_lens_of_a_file_and_its_edit(tmp_path: Path) -> None:
    one, other = of_text(tmp_path, COLOURS), of_text(tmp_path, COLOURS + "# an edit\n")
    assert isinstance(one, ColourLens)
    assert not isinstance(one, ValueLens)
    assert one.colours(DATA[:, :, None]).tolist() == DATA[:, :, None].tolist()
    assert one.version != other.version  # all that their keys have of them
    assert max(one.version, other.version) < 2**53
    try_lens(one)


def test_a_dataclass_can_be_a_lens(tmp_path: Path) -> None:
    """Dataclasses look for the module of their class, which no import has made known."""
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + GOOD
    text = text.replace("class Lens:", "@dataclass\nclass Lens:\n    step: int = 3")
    assert of_text(tmp_path, text).name == "mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "defines no LENS"),
        ("x = 1\nif x\n", ":2: SyntaxError: expected ':'"),
        ("x = 1\n\n1 / 0\n", ":3: ZeroDivisionError: division by zero"),
        ("import no_such_module", ":1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys\nsys.exit('bye')", ":2: SystemExit: bye"),
        ("raise ValueError('two\\nlines')", ":1: ValueError: two lines"),
        ("\0", "null bytes"),
        ("LENS = '\xff'", "SyntaxError: "),
        ("LENS = 3", "LENS lacks name: a word of the characters a-z, 0-9 and -"),
        (GOOD.replace("'mine'", "'Mine'"), "name is not a word of"),
        (GOOD.replace("'mine'", '"mine\\n"'), "name is not a word of"),
        (GOOD.replace("'mine'", "3"), "name is not a word of"),
        (GOOD.replace("'mine'", '"entropy"'), "entropy is the name of a built-in lens"),
        (GOOD.replace("'mine'", '"words-big"'), "words-big is the name of a built-in lens"),
        (GOOD.replace('"All."', '"All.\\nMore."'), "summary is not one line of text"),
        (GOOD.replace("Mean()", "Mean"), "zoom is not Mean(), Highest() or a Foremost"),
        (GOOD.replace("block = 1", "block = 3"), "block is not a power of two from 1 to 4,096"),
        (GOOD.replace("block = 1", "block = 8192"), "block is not a power of two"),
        (GOOD.replace("block = 1", "block = True"), "block is not a power of two"),
        (GOOD.replace("    block = 1\n", ""), "LENS lacks block: a power of two"),
        (GOOD.replace("768", "765").replace("256", "255"), "palette is not a numpy array of uint8"),
        (GOOD.replace("np.uint8)", "int)"), "palette is not a numpy array of uint8"),
        (GOOD.replace("#ffffff", "white"), "legend is not a tuple of Swatch"),
        (GOOD.replace('Swatch("#ffffff", "all"),', ""), "legend is not a tuple of Swatch"),
        (GOOD.replace("def values", "def valued"), "LENS lacks values: a method"),
        (GOOD.replace("LENS = Lens()", "LENS = Lens()\nLENS.values = 3"), "values is not a"),
        (GOOD.replace("block = 1", "block = 1; version = '1'"), "version is not a whole number"),
        (COLOURS.replace("def bands", "def band"), "LENS lacks bands: a method"),
    ],
)
def test_a_file_that_is_no_lens(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.py"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        own_lens(file)
    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "zoom",
    [
        Foremost((), ()),
        Foremost((1, 2), ()),
        Foremost((), (1, 2)),
        Foremost((1, 1), (2,)),
        Foremost((0,), (1,)),
        Foremost((32,), (1,)),
        Foremost(tuple(range(1, 9)), (9,)),
        Foremost(("a",), (1,)),  # type: ignore[arg-type]
        Foremost(([1],), (1,)),  # type: ignore[arg-type]
        Foremost(3, (1,)),  # type: ignore[arg-type]
    ],
)
def test_categories_that_no_tile_can_hold(zoom: Foremost) -> None:
    with pytest.raises(UsageError, match="a Foremost of 2 to 8 values from 1 to 31"):
        guarded(some_lens(zoom=zoom), "here", "")


def test_a_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    for file in (tmp_path / "missing.py", tmp_path):
        with pytest.raises(UsageError, match=re.escape(str(file))):
            own_lens(file)
    huge = tmp_path / "huge.py"
    huge.write_bytes(b"#" * (1 << 21))
    with pytest.raises(UsageError, match="1,048,576 bytes"):
        own_lens(huge)


def some_lens(**changes: object) -> SimpleNamespace:
    parts = {
        "name": "mine",
        "summary": "All.",
        "zoom": Mean(),
        "legend": (Swatch("#ffffff", "all"),),
        "block": 64,
        "palette": np.zeros((256, 3), np.uint8),
        "values": lambda data, present: np.maximum(data, 1),
    }
    return SimpleNamespace(**{**parts, **changes})


def value_lens(**changes: object) -> GuardedValues:
    made = guarded(some_lens(**changes), "here", "digest")
    assert isinstance(made, GuardedValues)
    return made


def write(data: np.ndarray, _: object) -> np.ndarray:
    data[0, 0] = 1
    return data


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda data, present: data[1 // 0 :], "values raised ZeroDivisionError: "),
        (lambda data: data, "values raised TypeError: "),
        (lambda data, present: exit(3), "values raised SystemExit: 3"),
        (lambda data, present: None, "values gave NoneType, not a numpy array"),
        (lambda data, present: data.tolist(), "values gave list, not a numpy array"),
        (lambda data, present: data.astype(int), "values gave int64, not uint8"),
        (lambda data, present: data > 3, "values gave bool, not uint8"),
        (lambda data, present: data[:1], "values gave the shape (1, 64), not (2, 64)"),
        (lambda data, present: data.reshape(-1), "values gave the shape (128,), not (2, 64)"),
        (lambda data, present: data, "the value 0, which is for missing bytes"),
        (write, "values raised ValueError: assignment destination is read-only"),
    ],
)
def test_what_a_lens_gets_wrong_is_one_line_with_its_name(values: object, words: str) -> None:
    with pytest.raises(LensError) as caught:
        value_lens(values=values).values(DATA, None)
    assert str(caught.value).startswith("lens mine: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_what_a_lens_says_of_missing_bytes_does_not_matter() -> None:
    present = DATA != 0
    made = value_lens(values=lambda data, present: data)
    assert made.values(DATA, present).tolist() == DATA.tolist()
    with pytest.raises(LensError):
        made.values(DATA, ~present)


def test_a_category_that_the_zoom_does_not_name() -> None:
    made = value_lens(zoom=Foremost((3,), (1,)), values=lambda data, _: data % 2 * 2 + 1)
    assert set(made.values(DATA, None).reshape(-1).tolist()) == {1, 3}
    other = value_lens(zoom=Foremost((3,), (1,)), values=lambda data, _: data % 2 + 1)
    with pytest.raises(LensError, match="the value 2, which its zoom does not name"):
        other.values(DATA, None)


class Clock:
    """A clock that each call of a lens moves on."""

    def __init__(self, *seconds: float) -> None:
        self.now = 0.0
        self._seconds = iter(seconds)

    def perf_counter(self) -> float:
        return self.now

    def values(self, data: np.ndarray, _: object) -> np.ndarray:
        self.now += next(self._seconds)
        return np.maximum(data, 1)


def test_a_call_that_takes_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(0.9, 1.5, 0.2, 1.5, 1.1)
    monkeypatch.setattr(guarded_module, "time", clock)
    made = value_lens(values=clock.values)
    assert made.values(DATA, None).tolist() == np.maximum(DATA, 1).tolist()
    # Slow once is the machine's fault.
    assert made.values(DATA, None).tolist() == np.maximum(DATA, 1).tolist()
    with pytest.raises(LensError, match=r"lens mine: values took 1\.1 seconds"):
        made.values(DATA, None)


def test_a_call_that_never_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_module, "HUNG_SECONDS", 0.1)
    never = Event()
    made = value_lens(values=lambda data, _: never.wait())
    with pytest.raises(LensError, match=r"lens mine: values did not come back .* 0\.1 seconds"):
        made.values(DATA, None)
    never.set()


def test_an_attribute_that_never_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A property is the user's code, too."""
    monkeypatch.setattr(guarded_module, "HUNG_SECONDS", 0.1)
    text = GOOD.replace(
        "LENS =", "    @property\n    def legend(self):\n        while True: pass\n\nLENS ="
    )
    with pytest.raises(UsageError, match=r"mine\.py: legend does not come back"):
        of_text(tmp_path, text)


def test_a_file_that_never_comes_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_LOAD", 0.1)
    with pytest.raises(UsageError, match=r"mine\.py: does not come to an end within 0\.1 seconds"):
        of_text(tmp_path, "while True:\n    pass\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bands": lambda bits: 2}, "bands gave 2, not 1 or 3"),
        ({"bands": lambda bits: True}, "bands gave True, not 1 or 3"),
        (
            {"colours": lambda pixels: pixels[:1]},
            "colours gave the shape (1, 32, 2), not (2, 32, 1)",
        ),
        ({"colours": lambda pixels: pixels / 2}, "colours gave float64, not uint8"),
        ({"colours": lambda pixels: pixels[9]}, "colours raised IndexError: "),
    ],
)
def test_what_a_colour_lens_gets_wrong(changes: dict[str, object], words: str) -> None:
    parts = {"bands": lambda bits: 1, "colours": lambda pixels: pixels[:, :, :1], **changes}
    lens = some_lens(**parts)
    del lens.values
    made = guarded(lens, "here", "")
    assert isinstance(made, GuardedColours)
    with pytest.raises(LensError) as caught:
        made.colours(DATA.reshape(2, 32, 2))
    assert words in str(caught.value)


def test_a_lens_for_one_dump_is_guarded_and_has_a_key_of_its_own() -> None:
    def for_dump(around: Surroundings) -> object:
        if around.address_bits == 32:
            return 3
        return some_lens(key=around.byte_order, values=lambda data, _: data)

    made = value_lens(for_dump=for_dump)
    bound = made.for_dump(Surroundings(byte_order="big"))
    assert bound.key != made.for_dump(Surroundings()).key
    assert bound.key.startswith("digest")
    with pytest.raises(LensError):
        bound.values(DATA, None)
    with pytest.raises(LensError, match="lens mine: for_dump: LENS lacks name"):
        made.for_dump(Surroundings(address_bits=32))


@pytest.mark.parametrize("other", [{"name": "bytes"}, {"values": None, "colours": len}])
def test_a_lens_stays_itself_for_a_dump(other: dict[str, object]) -> None:
    """Two of one name would reach the manifest, and a lens of colours has no values."""
    parts = {**vars(some_lens(bands=len)), **other}
    bound = SimpleNamespace(**{key: part for key, part in parts.items() if part is not None})
    made = value_lens(for_dump=lambda _: bound)
    with pytest.raises(LensError, match="lens mine: for_dump gave another lens"):
        made.for_dump(Surroundings())


def test_the_example_holds_and_finds_repetitions() -> None:
    made = own_lens(EXAMPLE)
    assert isinstance(made, GuardedValues)
    try_lens(made)
    random = np.random.default_rng(9)
    pieces = random.integers(0, 256, (256, 16), np.uint8)
    pieces[10] = pieces[200]
    pieces[[20, 30, 40, 50]] = pieces[60]
    pieces[70:80] = 0x41
    found = made.values(pieces.reshape(1, 4096), None).reshape(256, 16)
    twice, often, alike = {10, 200}, {20, 30, 40, 50, 60}, set(range(70, 80))
    order, filling = made.zoom.order, made.zoom.filling  # type: ignore[union-attr]
    for number, piece in enumerate(found.tolist()):
        wanted = (
            order[0]
            if number in often
            else order[1]
            if number in twice
            else filling[0]
            if number in alike
            else order[2]
        )
        assert set(piece) == {wanted}


def test_the_command_tries_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lens", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("repeated: ")
    assert all(f"{line.colour}  {line.label}" in out for line in own_lens(EXAMPLE).legend)
    assert out.endswith(f"pictures.lenses can name it: {EXAMPLE}\n")


def test_the_command_refuses_what_fails_on_sample_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD.replace("np.maximum(data, 1)", "data"))
    assert run(["lens", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "memtiles: lens mine: values gave a byte that is present the value 0, which is for "
        "missing bytes\n"
    )
    file.write_text("LENS = 1")
    assert run(["lens", str(file)]) == 2


def test_the_command_lists_all_and_tells_about_one(capsys: pytest.CaptureFixture[str]) -> None:
    from memtiles.pictures.lenses import lenses

    assert run(["lens"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(lenses())
    assert run(["lens", "entropy:512"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("entropy:512: ")
    assert "highest value" in out
    assert run(["lens", "entrop"]) == 2
    assert "did you mean entropy?" in capsys.readouterr().err
