"""The rows that WinDbg's `!address` lists, in its newer form, a table, and its older, paragraphs.

The table, 32-bit here; at first an asterisk and |- stood for the + and the nothing before a row:

      BaseAddr EndAddr+1 RgnSize     Type       State                 Protect             Usage
    + 774e0000 774e1000     1000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY        Image [ntdll; "ntdll"]
      774e1000 77606000   125000 MEM_IMAGE   MEM_COMMIT  PAGE_EXECUTE_READ    Image [ntdll; "ntdll"]

A paragraph, of a process, and one of a kernel; the second number is a size:

    76290000 : 76290000 - 00001000                 804de000 - 00235000
               Type     01000000 MEM_IMAGE                   Usage       KernelSpaceUsageImage
               Protect  00000002 PAGE_READONLY               ImageName   ntoskrnl.exe
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memtiles.maps.importers.page_protection import page_protection
from memtiles.maps.importers.rows import Warnings, numbered
from memtiles.memory.span import Span

_NUMBER = "[0-9a-fA-F]{1,17}(?:`[0-9a-fA-F]{8}){0,2}"
_MARK = r"(?:(?:[+*]|\|-)\s*)?"
_ROW = re.compile(
    rf"{_MARK}({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})\s+(?:(MEM_(?:IMAGE|MAPPED|PRIVATE))\s+)?"
    r"(MEM_(?:COMMIT|RESERVE|FREE))(?:\s+(PAGE_[^\s|]+(?:\s*\|\s*PAGE_[^\s|]+)*))?(?:\s+(\S.*))?"
)
_LIKE_A_ROW = re.compile(rf"{_MARK}{_NUMBER}\s+{_NUMBER}\s.*\b(?:MEM|PAGE)_.*")
_USAGE = re.compile(r"(<[^>\s]*>|\w+)\s*(.*)")
_PATH = re.compile(r'[^"]*"([^"]*)".*')
# Pages that copy a web page's text have a longer dash.
_PARAGRAPH = re.compile(rf"(?:{_NUMBER}\s*:\s*)?({_NUMBER})\s+[-\u2013\u2014]\s+({_NUMBER})")
_FIELD = re.compile(r"(Type|State|Protect|Usage|FullPath|ImageName|Pid\.Tid|KernelStack)\s+(.*)")
_OLD_USAGE = re.compile("(RegionUsage|KernelSpaceUsage)(.*)")


@dataclass(frozen=True)
class ListedRow:
    """One region.

    Attributes:
        usage: What it is for, in WinDbg's word ("Image", "Stack", "<unknown>").
        detail: What else is told of that: a path, or the like of "[~0; 1b54.12ac]".
        image: Whether it is part of an image, also where the usage does not say so.
    """

    span: Span
    usage: str
    detail: str
    protection: str | None
    image: bool
    kernel: bool = False


def is_listing(text: str) -> bool:
    """Whether a text has a row of the table, or a paragraph with its usage."""
    paragraph = False
    for _, line in numbered(text):
        row = line.strip()
        if _ROW.fullmatch(row):
            return True
        if _PARAGRAPH.fullmatch(row):
            paragraph = True
        elif paragraph and (field := _FIELD.fullmatch(row)) and _OLD_USAGE.fullmatch(field[2]):
            return True
    return False


def listed_rows(text: str, warnings: Warnings) -> Iterator[ListedRow]:
    """The rows of a text in either form; free ones, which are no memory, are left out."""
    paragraph: tuple[int, Span] | None = None
    fields: dict[str, str] = {}
    for number, line in numbered(text):
        row = line.strip()
        if field := _FIELD.fullmatch(row):
            fields.setdefault(field[1], field[2].strip())
        elif found := _PARAGRAPH.fullmatch(row):
            if paragraph is not None:
                yield from _of_paragraph(paragraph, fields, warnings)
            span = _span(found[1], None, found[2], number, row, warnings)
            paragraph, fields = (number, span) if span else None, {}
        elif found := _ROW.fullmatch(row):
            yield from _of_table(found, number, warnings)
        elif _LIKE_A_ROW.fullmatch(row):
            warnings.not_understood(number, line)
    if paragraph is not None:
        yield from _of_paragraph(paragraph, fields, warnings)


def _of_table(row: re.Match[str], number: int, warnings: Warnings) -> Iterator[ListedRow]:
    if row[5] == "MEM_FREE":
        return
    span = _span(row[1], row[2], row[3], number, row[0], warnings)
    if span is None:
        return
    found = _USAGE.fullmatch(row[7] or "")
    usage, detail = (found[1], found[2].strip()) if found else ("", "")
    if usage.startswith("<"):
        # "[MZ......]" here is the first bytes of the region, not a name.
        usage = detail = ""
    # Reserved addresses have no protection, for nobody may use them yet.
    protection = "---" if row[5] == "MEM_RESERVE" else page_protection(row[6] or "")
    yield ListedRow(span, usage, detail, protection, row[4] == "MEM_IMAGE")


def _of_paragraph(
    paragraph: tuple[int, Span], fields: dict[str, str], warnings: Warnings
) -> Iterator[ListedRow]:
    number, span = paragraph
    usage = _OLD_USAGE.fullmatch(fields.get("Usage", ""))
    if usage is None:
        warnings.left_out(number, str(span), "has no usage")
        return
    state, protect = fields.get("State", ""), fields.get("Protect", "")
    if usage[2] == "Free" or "MEM_FREE" in state:
        return
    detail = next(
        (
            fields[key]
            for key in ("FullPath", "ImageName", "Pid.Tid", "KernelStack")
            if key in fields
        ),
        "",
    )
    yield ListedRow(
        span,
        "" if usage[2] == "IsVAD" else usage[2],
        detail,
        "---" if "MEM_RESERVE" in state else page_protection(protect.split(" ")[-1]),
        usage[2] == "Image" or "MEM_IMAGE" in fields.get("Type", ""),
        usage[1] == "KernelSpaceUsage",
    )


def _span(
    start_text: str, end_text: str | None, size_text: str, number: int, row: str, warnings: Warnings
) -> Span | None:
    """The span that a row tells twice, by its end and its size."""
    start, size = _value(start_text), _value(size_text)
    end = start + size if end_text is None else _value(end_text)
    # An end behind the last address comes out of 32 or 64 bits as 0.
    if start + size != end and not (end == 0 and start + size in (1 << 32, 1 << 64)):
        warnings.left_out(number, row, "has an end and a size that differ")
        return None
    try:
        return Span(start, size)
    except ValueError:
        why = "is empty" if size == 0 else "has more than 64 bits"
        warnings.left_out(number, row, why)
        return None


def _value(text: str) -> int:
    return int(text.replace("`", ""), 16)


def path_in(detail: str) -> str:
    """The path in `[ntdll; "ntdll.dll"]` and `"ntdll.dll"`, or else the name in `[ntdll]`."""
    if quoted := _PATH.fullmatch(detail):
        return quoted[1]
    return detail.removeprefix("[").removesuffix("]").strip()
