"""What is told about a command, taken from its texts and from its parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from memtiles.cli.command import Command, Example


class Entry(NamedTuple):
    """A word, and what it means: an argument, an option, a command, an exit code."""

    term: str
    text: str


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        title: Its heading, capitalised as in a sentence.
        body: Paragraphs, a list of words, or examples.
    """

    title: str
    body: str | tuple[Entry, ...] | tuple[Example, ...]


class Page(NamedTuple):
    """Everything that is told.

    Attributes:
        name: What is typed: "memtiles info".
        summary: One line, without a full stop.
        synopsis: The forms of the line, each in pieces that stay whole.
        sections: In the order of a man page.
        see_also: Names of commands.
    """

    name: str
    summary: str
    synopsis: tuple[tuple[str, ...], ...]
    sections: tuple[Section, ...]
    see_also: tuple[str, ...] = ()


def command_page(command: Command, parser: argparse.ArgumentParser) -> Page:
    """The page of one command."""
    sections = (
        Section("Description", command.description),
        Section("Arguments", tuple(_entry(action) for action in _positionals(parser))),
        Section("Options", tuple(_entry(action) for action in _own_options(parser))),
        Section("Examples", command.examples),
    )
    return Page(
        parser.prog,
        command.summary,
        ((parser.prog, *_pieces(parser)),),
        tuple(section for section in sections if section.body),
        command.see_also,
    )


def options_of(parser: argparse.ArgumentParser) -> tuple[Entry, ...]:
    """The options of a parser, as they are declared."""
    return tuple(_entry(action) for action in parser._actions if action.option_strings)


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


def _own_options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All but `--help`, which is told once, of memtiles itself."""
    return [
        action
        for action in parser._actions
        if action.option_strings and not isinstance(action, argparse._HelpAction)
    ]


def _pieces(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Arguments first, as people write them; then options, those that exclude another together."""
    yield from (_value(action) for action in _positionals(parser))
    groups = {
        id(action): group
        for group in parser._mutually_exclusive_groups
        for action in group._group_actions
    }
    told = set()
    for action in _own_options(parser):
        group = groups.get(id(action))
        if group is None:
            yield _use(action) if action.required else f"[{_use(action)}]"
        elif id(group) not in told:
            told.add(id(group))
            uses = " | ".join(_use(member) for member in group._group_actions)
            yield f"({uses})" if group.required else f"[{uses}]"


def _use(option: argparse.Action) -> str:
    """An option as it is used, by its long name."""
    return f"{option.option_strings[-1]} {_value(option)}".rstrip()


def _word(action: argparse.Action) -> str:
    """What stands for a value; nothing for an option without one."""
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices or (action.dest.upper(),)))


def _value(action: argparse.Action) -> str:
    """What stands for the values, and how many there may be."""
    word = _word(action)
    if action.nargs == argparse.OPTIONAL:
        return f"[{word}]"
    if action.nargs == argparse.ZERO_OR_MORE:
        return f"[{word} ...]"
    return f"{word} ..." if action.nargs == argparse.ONE_OR_MORE else word


def _entry(action: argparse.Action) -> Entry:
    term = f"{', '.join(action.option_strings)} {_word(action)}".strip()
    text = action.help or ""
    if action.choices is not None and action.metavar is not None:
        text += f": {', '.join(map(str, action.choices))}"
    # A default that depends on something is told in the option's own words: "without it, ...".
    if action.nargs != 0 and action.default is not None and "without it" not in text.lower():
        text += f" (default: {action.default})"
    return Entry(term, text)
