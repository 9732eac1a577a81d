"""A page as `--help` prints it."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence

from memtiles.cli.command import Example
from memtiles.cli.manual import overview
from memtiles.cli.manual.page import Entry, Page, Section

_MARGIN = "    "
_TERM_LIMIT = 25  # a longer term has its line for itself
_GAP = 2
# A word, with the option before it: nothing is broken in quotes, nor before an option's value.
_SHELL_PIECE = re.compile(r"""(?:--?\w[\w-]* (?=[^-<>|&;]))?(?:'[^']*'|"[^"]*"|[^\s'"])+""")
_HARD_BLANK = "\xa0"  # no line is broken there


def terminal_width() -> int:
    """How wide a page is: as the terminal, but from 40 to 100 columns; 80 where there is none."""
    # shutil has this, too, and imports all packers of Python along with it.
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdecimal() else 0
    if not width and sys.__stdout__ is not None:
        try:
            width = os.get_terminal_size(sys.__stdout__.fileno()).columns
        except (OSError, ValueError):  # no terminal, or closed
            width = 0
    return min(100, max(40, width or 80))


def page_text(page: Page, width: int) -> str:
    """A page as plain text, no line longer than `width` but for what cannot be broken."""
    inner = width - len(_MARGIN)
    parts = [
        ("Name", _wrapped(f"{page.name} - {page.summary}", inner)),
        ("Synopsis", [line for form in page.synopsis for line in synopsis_lines(form, inner)]),
        *((section.title, _body_lines(section, inner)) for section in page.sections),
    ]
    # Only one page is seen at a time here, so that each of them needs the exit codes.
    if all(section.title != overview.EXIT_CODES_TITLE for section in page.sections):
        codes = "; ".join(f"{code.term} {code.text}" for code in overview.EXIT_CODES)
        parts.append((overview.EXIT_CODES_TITLE, _wrapped(codes, inner)))
    if page.see_also:
        prog = page.name.split()[0]
        others = ", ".join(f"{prog} {name}" for name in page.see_also)
        parts.append(("See also", _wrapped(others, inner)))
    return "\n\n".join(_part(title, lines) for title, lines in parts) + "\n"


def synopsis_lines(form: Sequence[str], width: int) -> list[str]:
    """The pieces joined by blanks; further lines start below the first argument."""
    lines = [form[0]]
    for piece in form[1:]:
        if len(lines[-1]) + 1 + len(piece) > width:
            lines.append(" " * len(form[0]))
        lines[-1] += f" {piece}"
    return lines


def _part(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title.upper(), *(f"{_MARGIN}{line}".rstrip() for line in lines)])


def _body_lines(section: Section, width: int) -> list[str]:
    if isinstance(section.body, str):
        return _paragraph_lines(section.body, width)
    entries = [item for item in section.body if isinstance(item, Entry)]
    examples = [item for item in section.body if isinstance(item, Example)]
    return _entry_lines(entries, width) + _example_lines(examples, width)


def _paragraph_lines(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.strip("\n").split("\n\n"):
        if lines:
            lines.append("")
        if paragraph.startswith(_MARGIN):
            lines += paragraph.split("\n")
        else:
            lines += _wrapped(paragraph, width)
    return lines


def _entry_lines(entries: Sequence[Entry], width: int) -> list[str]:
    """Terms on the left, texts in a column on the right."""
    limit = min(_TERM_LIMIT, width // 3)
    column = max((len(one.term) for one in entries if len(one.term) <= limit), default=limit) + _GAP
    lines = []
    for entry in entries:
        text = _wrapped(entry.text, width - column)
        if len(entry.term) > column - _GAP:
            lines.append(entry.term)
        else:
            lines.append(f"{entry.term:{column}}{text.pop(0)}")
        lines += [" " * column + line for line in text]
    return lines


def _example_lines(examples: Sequence[Example], width: int) -> list[str]:
    lines = []
    for example in examples:
        lines += _shell_lines(example.line, width)
        lines += [_MARGIN + line for line in _wrapped(example.purpose, width - len(_MARGIN))]
    return lines


def _shell_lines(line: str, width: int) -> list[str]:
    """A line for a shell, broken between words so that it can still be copied."""
    first, *pieces = _SHELL_PIECE.findall(line)
    lines = [first]
    for piece in pieces:
        if len(lines[-1]) + len(f" {piece} \\") > width:
            lines[-1] += " \\"
            lines.append(_MARGIN + piece)
        else:
            lines[-1] += f" {piece}"
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    whole = re.sub("`[^`]+`", lambda code: code[0].replace(" ", _HARD_BLANK), text)
    lines = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_HARD_BLANK, " ") for line in lines]
