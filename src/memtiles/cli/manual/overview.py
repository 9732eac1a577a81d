"""What is told about memtiles as a whole."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from memtiles.cli.command import Command, Example
from memtiles.cli.manual.page import Entry, Page, Section, options_of

SUMMARY = "Google Maps for memory dumps"

DESCRIPTION = """\
Draws memory so that every byte is a pixel: as a map that a browser opens, from the whole memory \
of a program down to one byte, or as single pictures. Start with `info`, which lists what a dump \
holds.

An error is one line on standard error that says what to do, and an exit code."""

INPUT = (
    Entry(
        "FILE",
        "a dump, or any other file. Its content tells the format, not its name. A dump that ends "
        "in `.gz` or `.xz` is unpacked first",
    ),
    Entry("pid:NUMBER", "the memory of a running process, on Linux"),
    Entry("-", "standard input. A file of that name is `./-`"),
)

PIPES = """\
A command that writes one file writes it to standard output when that file is called `-`.

Text that its reader cuts short, as `| head` does, is no error: the exit code is 0. A picture or \
memory that could not be written completely is a failed part, whoever is to blame: the exit code \
is 1."""

COMMANDS_TITLE = "Commands"
EXIT_CODES_TITLE = "Exit codes"
EXIT_CODES = (
    Entry("0", "ok"),
    Entry("1", "a bug or a failed part"),
    Entry("2", "usage or config"),
    Entry("3", "dump unreadable, malformed or changed"),
    Entry("4", "a limit refused"),
    Entry("5", "output folder locked"),
    Entry("6", "disk full"),
    Entry("7", "damage found"),
    Entry("130", "interrupted"),
)

ENVIRONMENT = (
    Entry("MEMTILES_DEBUG", "when set, a bug is told with the place in the code where it is"),
    Entry("TMPDIR", "where packed dumps are unpacked and piped ones copied to"),
)

EXAMPLES = (
    Example("memtiles info app.core", "what is in this dump?"),
    Example("memtiles init app.core -o config.yaml", "write down what is to be drawn of it"),
    Example("memtiles build config.yaml", "draw that, as a map"),
    Example("memtiles picture pagefile.sys pagefile.bmp", "or draw any file as one picture"),
    Example("memtiles build --help", "everything about one command"),
)


def make_page(parser: argparse.ArgumentParser, commands: Sequence[Command]) -> Page:
    """The page of `memtiles` itself.

    Args:
        parser: Its parser, without those of the commands.
        commands: In the order of the list.
    """
    return Page(
        parser.prog,
        SUMMARY,
        (
            (parser.prog, "COMMAND", "[ARGUMENT ...]"),
            (parser.prog, "COMMAND", "--help"),
            (parser.prog, "--version"),
        ),
        (
            Section("Description", DESCRIPTION),
            Section(COMMANDS_TITLE, tuple(Entry(one.name, one.summary) for one in commands)),
            Section("Options", options_of(parser)),
            Section("Input", INPUT),
            Section("Pipes", PIPES),
            Section(EXIT_CODES_TITLE, EXIT_CODES),
            Section("Environment", ENVIRONMENT),
            Section("Examples", EXAMPLES),
        ),
    )
