import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.errors import AddressError
from memtiles.memory.address import (
    ADDRESS_PATTERN,
    RANGE_PATTERN,
    SIZE_PATTERN,
    format_address,
    parse_address,
    parse_range,
    parse_size,
)
from memtiles.memory.span import Span

TOP = 2**64
ADDRESSES = st.integers(0, TOP - 1)
BLANKS = st.sampled_from([" ", "  ", "\t", " \t "])
PADDING = st.sampled_from(["", " ", "\t"])


def digits(value: int, radix: int) -> str:
    """The digits of a number, by hand: nothing here shares code with what is tested."""
    text = ""
    while True:
        value, digit = divmod(value, radix)
        text = "0123456789abcdef"[digit] + text
        if value == 0:
            return text


@st.composite
def spelled(draw: st.DrawFn, value: int) -> str:
    """One of the ways to spell a number that WinDbg understands."""
    form = draw(st.sampled_from(["0x", "0n", "0t", "0y", "bare", "backtick", "0x backtick"]))
    if form in ("0n", "0t", "0y"):
        text = form + digits(value, {"0n": 10, "0t": 8, "0y": 2}[form])
    else:
        text = digits(value, 16).rjust(draw(st.integers(1, 16)), "0")
        if "backtick" in form:
            text = text.rjust(9, "0")
            text = f"{text[:-8]}`{text[-8:]}"
        text = ("0x" if "0x" in form else "") + text
    return text.upper() if draw(st.booleans()) else text


@st.composite
def spelled_address(draw: st.DrawFn) -> tuple[int, str]:
    value = draw(ADDRESSES)
    return value, draw(PADDING) + draw(spelled(value)) + draw(PADDING)


@st.composite
def spelled_range(draw: st.DrawFn) -> tuple[int, int, str]:
    """(start, end, text) with end outside the range."""
    form = draw(st.sampled_from(["END", "L", "L?", "L-", "..", "+"]))
    # L- needs an address after the range, and none follows the last one.
    last = draw(st.integers(0, TOP - 2 if form == "L-" else TOP - 1))
    start = draw(st.integers(0, last))
    end, size = last + 1, last + 1 - start
    gap = draw(PADDING)
    if form in ("..", "+"):
        number = digits(end if form == ".." else size, 16)
        return start, end, f"0x{digits(start, 16)}{gap}{form}{gap}0X{number}"
    blank = draw(BLANKS)
    if form == "END":
        return start, end, draw(spelled(start)) + blank + draw(spelled(last))
    count = "10000000000000000" if size == TOP else draw(spelled(size))
    letter = draw(st.sampled_from("lL")) + form[1:]
    first = draw(spelled(end if form == "L-" else start))
    return start, end, first + blank + letter + gap + count


@given(spelled_address())
def test_an_address_in_any_spelling(case: tuple[int, str]) -> None:
    value, text = case
    assert parse_address(text) == value
    assert re.search(ADDRESS_PATTERN, text)


@given(spelled_range())
def test_a_range_in_any_spelling(case: tuple[int, int, str]) -> None:
    start, end, text = case
    span = parse_range(text)
    assert (span.start, span.end) == (start, end)
    assert re.search(RANGE_PATTERN, text)


@given(ADDRESSES)
def test_what_is_printed_can_be_read(value: int) -> None:
    assert format_address(value) == f"0x{digits(value, 16)}"
    assert parse_address(format_address(value)) == value


@given(ADDRESSES, st.integers(1, TOP))
def test_a_span_reads_as_it_prints(start: int, size: int) -> None:
    span = Span(start, min(size, TOP - start))
    assert parse_range(str(span)) == span


@given(st.text(alphabet="0123456789abcdefxXLl?-+.`nty g_", max_size=24))
def test_other_text_is_refused_in_one_line_or_fits_the_pattern(text: str) -> None:
    for parse, pattern in (
        (parse_address, ADDRESS_PATTERN),
        (parse_range, RANGE_PATTERN),
        (parse_size, SIZE_PATTERN),
    ):
        wrong = None
        try:
            parse(text)
        except AddressError as error:
            wrong = str(error)
        if wrong is None:
            assert re.search(pattern, text)
        else:
            assert "\n" not in wrong
            assert ";" in wrong or ":" in wrong


@pytest.mark.parametrize(
    ("text", "start", "size"),
    [
        ("fffff800`00800000 fffff800`0085e000", 0xFFFFF80000800000, 0x5E001),
        ("fffff80000800000 fffff8000085e000", 0xFFFFF80000800000, 0x5E001),
        ("00800000 0085e000", 0x00800000, 0x5E001),
        ("0`00470000 0`007f0000", 0x470000, 0x380001),
        ("01f10000 L20000", 0x1F10000, 0x20000),
        ("01f10000 l?20000", 0x1F10000, 0x20000),
        ("01f10000 L 0n32", 0x1F10000, 0x20),
        ("1000 L-20", 0xFE0, 0x20),
        ("1000 L-1000", 0, 0x1000),
        ("ffffffff`fffff000 ffffffff`ffffffff", TOP - 0x1000, 0x1000),
        ("0 L10000000000000000", 0, TOP),
        ("0x0..0x10000000000000000", 0, TOP),
        ("0xfffff80000800000..0xfffff8000085e000", 0xFFFFF80000800000, 0x5E000),
        ("0x1000+0x20", 0x1000, 0x20),
        ("1000 1000", 0x1000, 1),
    ],
)
def test_ranges_by_example(text: str, start: int, size: int) -> None:
    assert parse_range(text) == Span(start, size)


# What is typed in WinDbg, and the first and the last byte that it means there.
WINDBG = [
    # Two addresses: the second one is in the range.
    ("fffff800`00800000 fffff800`0085e000", 0xFFFFF80000800000, 0xFFFFF8000085E000),
    ("fffff80000800000 fffff8000085e000", 0xFFFFF80000800000, 0xFFFFF8000085E000),
    ("FFFFF800`00800000 FFFFF800`0085E000", 0xFFFFF80000800000, 0xFFFFF8000085E000),
    ("0xFFFFF800`00800000 0Xfffff8000085e000", 0xFFFFF80000800000, 0xFFFFF8000085E000),
    ("  0`00470000 \t 0`007f0000  ", 0x470000, 0x7F0000),
    ("470000 7f0000", 0x470000, 0x7F0000),
    ("0 0", 0, 0),
    ("0 ffffffff`ffffffff", 0, TOP - 1),
    ("ffffffff`ffffffff ffffffff`ffffffff", TOP - 1, TOP - 1),
    # The radix is 16: no digits are decimal ones by themselves.
    ("10 20", 0x10, 0x20),
    ("0n16 0n32", 16, 32),
    ("0N16 0x20", 16, 32),
    ("0t20 0T40", 0o20, 0o40),
    ("0y10000 0Y100000", 0b10000, 0b100000),
    ("0n18446744073709551615 L1", TOP - 1, TOP - 1),
    ("0t1777777777777777777777 L1", TOP - 1, TOP - 1),
    (f"0y{'1' * 64} L1", TOP - 1, TOP - 1),
    # Not another radix: hex digits that look like a prefix.
    ("0b1 0d1", 0xB1, 0xD1),
    # An address and a length in hex bytes, before or after it.
    ("1000 L1", 0x1000, 0x1000),
    ("1000 L20", 0x1000, 0x101F),
    ("1000 l20", 0x1000, 0x101F),
    ("1000 L 20", 0x1000, 0x101F),
    ("1000\tL\t20", 0x1000, 0x101F),
    ("1000 L0x20", 0x1000, 0x101F),
    ("1000 L0n20", 0x1000, 0x1013),
    ("1000 L0t20", 0x1000, 0x100F),
    ("1000 L0y11", 0x1000, 0x1002),
    ("1000 L0`00000020", 0x1000, 0x101F),
    ("1000 L?20000000", 0x1000, 0x20000FFF),
    ("1000 l?0n20", 0x1000, 0x1013),
    ("1000 L? 20", 0x1000, 0x101F),
    ("1000 L-20", 0xFE0, 0xFFF),
    ("1000 l- 20", 0xFE0, 0xFFF),
    ("1000 L-1000", 0, 0xFFF),
    ("0 L?ffffffffffffffff", 0, TOP - 2),
    ("1 L?ffffffffffffffff", 1, TOP - 1),
    ("ffffffff`ffffffff L-ffffffffffffffff", 0, TOP - 2),
    # Ours, and not WinDbg's: ends that are not in the range, and sizes.
    ("0x1000..0x1020", 0x1000, 0x101F),
    ("0X1000 .. 0X1020", 0x1000, 0x101F),
    ("0xffffffff`fffffff0..0x10000000000000000", TOP - 16, TOP - 1),
    ("0x1000+0x20", 0x1000, 0x101F),
    ("0x0`00001000 + 0x0`00000020", 0x1000, 0x101F),
    ("0xffffffffffffffff+0x1", TOP - 1, TOP - 1),
    ("0x0+0x10000000000000000", 0, TOP - 1),
]


@pytest.mark.parametrize(("text", "first", "last"), WINDBG)
def test_what_windbg_means(text: str, first: int, last: int) -> None:
    span = parse_range(text)
    assert (span.start, span.end - 1) == (first, last)
    assert re.search(RANGE_PATTERN, text)


@given(ADDRESSES, st.integers(1, TOP))
def test_what_wraps_past_the_last_address_is_refused(start: int, size: int) -> None:
    """In each form in which a size is given; and backwards, an end before the start."""
    number = digits(size, 16) if size < TOP else "10000000000000000"
    forms = [f"{start:x} L{number}", f"{start:x} L?{number}", f"0x{start:x}+0x{number}"]
    for text in forms:
        if start + size > TOP:
            with pytest.raises(AddressError, match="runs past the last address"):
                parse_range(text)
        else:
            assert parse_range(text) == Span(start, size)
    before = f"{start:x} L-{number}"
    if size > start:
        with pytest.raises(AddressError, match="starts below address 0"):
            parse_range(before)
    else:
        assert parse_range(before) == Span(start - size, size)
    other = size % TOP
    if other < start:
        for text in (f"{start:x} {other:x}", f"{start:#x}..{other:#x}"):
            with pytest.raises(AddressError, match="ends before it starts"):
                parse_range(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a hex number"),
        ("0x", "is not a hex number"),
        ("0y12", "is not a binary number"),
        ("0t8", "is not an octal number"),
        ("0n1f", "is not a decimal number"),
        ("1_000", "is not a hex number"),
        ("-1", "is not a hex number"),
        ("١٢", "is not a hex number"),
        ("nt!KiSystemCall64", "is not a hex number"),
        ("fffff800`0080", "misplaced backtick"),
        ("fffff8000`0`0800000", "misplaced backtick"),
        ("`00800000", "misplaced backtick"),
        ("0n1`00000000", "misplaced backtick"),
        ("fffff800000800000", "is a hex number of 17 digits; 64 bits have at most 16"),
        ("0n18446744073709551616", "is more than 0xffffffffffffffff"),
        ("0" * 5000, "of 5000 digits"),
    ],
)
def test_addresses_refused(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=re.escape(reason)) as caught:
        parse_address(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty; write START END"),
        ("1000", "has no end; write START END"),
        ("2000 1000", "ends before it starts"),
        ("0x2000..0x1000", "ends before it starts"),
        ("0x1000..0x1000", "is empty"),
        ("0x1000+0x0", "is empty"),
        ("1000 L0", "is empty"),
        ("1000 L-0", "is empty"),
        ("1000 L", "is not a hex number"),
        ("1000 L?-20", "is not a hex number"),
        ("1000 2000 3000", "is not a hex number"),
        ("1000 L-1001", "starts below address 0; at most 0x1000 bytes"),
        ("ffffffff`fffff000 L1001", "runs past the last address; at most 0x1000 bytes fit"),
        ("0xfffffffffffff000+0x1001", "runs past the last address"),
        ("0x0..0x10000000000000001", "is more than 0x10000000000000000"),
        ("1000..2000", "needs 0x on both sides of .."),
        ("0x1000..2000", "needs 0x on both sides of .."),
        ("1000+20", "needs 0x on both sides of +"),
        ("0x1000-0x2000", "has no end"),
        ("0x1..0x2..0x3", "is not a hex number"),
    ],
)
def test_ranges_refused(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=re.escape(reason)):
        parse_range(text)


@given(st.integers(0, 2**24 - 1), st.sampled_from(["", "KiB", "MiB", "GiB", "TiB"]), PADDING)
def test_sizes(count: int, unit: str, blank: str) -> None:
    factor = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}[unit]
    text = f"{digits(count, 10)}{blank}{unit}"
    if count * factor < TOP:
        assert parse_size(text) == parse_size(text.lower()) == count * factor
        assert re.search(SIZE_PATTERN, text)
    assert parse_size(f"0x{digits(count, 16)}") == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1MB", "MiB is meant?"),
        ("64 G", "GiB is meant?"),
        ("7 bytes", "has the unit 'bytes'"),
        ("010", "leading zero"),
        ("1.5GiB", "is not a size"),
        ("-1", "is not a size"),
        ("", "is not a size"),
        ("16777216TiB", "is 16 EiB or more"),
        ("9" * 5000, "is 16 EiB or more"),
        ("0x1g", "is not a hex number"),
    ],
)
def test_sizes_refused(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=re.escape(reason)):
        parse_size(text)
