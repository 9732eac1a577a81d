"""All pages as `docs/commands.md`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from memtiles.cli.command import Example
from memtiles.cli.manual import overview
from memtiles.cli.manual.page import Entry, Page, Section
from memtiles.cli.manual.text import synopsis_lines
from memtiles.cli.parser import make_parser

Rows = Sequence[tuple[str, str]]
Layout = Callable[[Rows], Iterator[str]]

_CODE_WIDTH = 100
_VERBATIM = "    "


def manual_markdown() -> str:
    """The text of the file: the same on every machine and in every version of Python."""
    parser = make_parser()
    lines = ["<!-- Made by `make docs` of what the commands say about themselves. -->"]
    lines += _page_lines(parser.page(), "# The commands", "## {}", _table)
    for name, one in parser.commands.items():
        lines += _page_lines(one.page(), f"## {parser.prog} {name}", "**{}**", _list)
    return "\n".join(lines) + "\n"


def _page_lines(page: Page, heading: str, subheading: str, layout: Layout) -> Iterator[str]:
    prog = page.name.split()[0]
    yield from ("", heading, "", _prose(f"{page.summary[0].upper()}{page.summary[1:]}."))
    yield from ("", "```", *(line for form in page.synopsis for line in _form_lines(form)), "```")
    for section in page.sections:
        if section.title != "Description":
            yield from ("", subheading.format(section.title))
        yield from ("", *_body_lines(section, prog, layout))
    if page.see_also:
        yield from ("", f"See also {', '.join(_link(prog, name) for name in page.see_also)}.")


def _form_lines(form: tuple[str, ...]) -> list[str]:
    return synopsis_lines(form, _CODE_WIDTH)


def _body_lines(section: Section, prog: str, layout: Layout) -> Iterator[str]:
    if isinstance(section.body, str):
        # One line for a paragraph: where a line is broken, a word of it might become a list's mark.
        for line in section.body.strip("\n").split("\n"):
            yield line if line.startswith(_VERBATIM) else _prose(line)
        return
    entries = [item for item in section.body if isinstance(item, Entry)]
    if entries:
        links = section.title == overview.COMMANDS_TITLE
        terms = [_link(prog, one.term) if links else f"`{one.term}`" for one in entries]
        texts = [_prose(one.text) for one in entries]
        yield from layout(list(zip(terms, texts, strict=True)))
    examples = [item for item in section.body if isinstance(item, Example)]
    if examples:
        lines = [line for one in examples for line in (f"# {one.purpose}", one.line)]
        yield from ("```sh", *lines, "```")


def _table(rows: Rows) -> Iterator[str]:
    yield from ("| | |", "|---|---|")
    for row in rows:
        term, text = (cell.replace("|", r"\|") for cell in row)
        yield f"| {term} | {text} |"


def _list(rows: Rows) -> Iterator[str]:
    for term, text in rows:
        yield f"* {term}: {text}"


def _link(prog: str, command: str) -> str:
    return f"[`{prog} {command}`](#{prog}-{command})"


def _prose(text: str) -> str:
    """Text whose only markup is `code`: everything else stands for itself."""
    parts = re.split("(`[^`]+`)", text)
    return "".join(
        part if number % 2 else re.sub(r"([\\*_\[\]<>])", r"\\\1", part)
        for number, part in enumerate(parts)
    )
