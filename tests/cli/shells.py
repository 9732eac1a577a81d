"""Shells that a user types into: what a line with TAB keys becomes, as the program sees it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

# Answers completion as `memtiles` does; otherwise it only notes the words that it was given.
PROGRAM = f"""\
#!/bin/sh
if [ -n "$_ARGCOMPLETE" ]; then
    exec {shlex.quote(sys.executable)} -c 'from memtiles.cli import main; main()' "$@"
fi
printf '%s\\f' "$@" >> "$TYPED"
printf '\\n' >> "$TYPED"
"""

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ""),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D\n"),
}


def words_typed(shell: str, lines: list[str], folder: Path) -> list[list[str]]:
    """The words that `memtiles` gets for each line, when a user types its keys and Enter."""
    pty = pytest.importorskip("pty", reason="not run: this system has no pseudo-terminals")
    if shutil.which(shell) is None:
        pytest.skip(f"not run: {shell} is not installed")
    command, start = START[shell]
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "memtiles").write_text(PROGRAM)
    (programs / "memtiles").chmod(0o755)
    typed = folder.parent / "typed"
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "TYPED": str(typed),
        "TERM": "dumb",  # nothing but characters and newlines on the screen
        "HOME": str(folder),
        "COLUMNS": "200",
    }
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment)
    script = f'eval "$({shlex.quote(sys.executable)} -m memtiles completion {shell})"\n'
    os.write(terminal, f"{start}{script}PS1='READY''> '\n".encode())
    _read_until(terminal, b"READY> ")
    for keys in lines:
        os.write(terminal, (keys + "\n").encode())
        _read_until(terminal, b"READY> ")
    os.write(terminal, b"exit\n")
    _read_until(terminal, None)
    os.close(terminal)
    os.waitpid(process, 0)
    return [line.split("\f")[:-1] for line in typed.read_text(encoding="utf-8").split("\n")[:-1]]


def _read_until(terminal: int, mark: bytes | None) -> None:
    """Reads what the shell writes: to a mark, or to its end."""
    seen = b""
    while mark is None or mark not in seen:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # Linux says EIO when the last writer is gone
            piece = b""
        if not piece:
            assert mark is None, f"the shell ended: {seen!r}"
            return
        seen += piece
