"""`memtiles completion`."""

from __future__ import annotations

import argparse

from memtiles.cli.command import Command, Example


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=("bash", "zsh", "fish", "powershell"),
        help="the shell that is to complete command lines",
    )


def _run(options: argparse.Namespace) -> None:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["memtiles"], shell=options.shell).strip())


COMMAND = Command(
    name="completion",
    summary="print what lets a shell complete the command line",
    description=(
        "Prints a script. A shell that has evaluated it completes commands, options, files, and, "
        "after `--region` and `--atlas`, the names in the dump or site that stands on the line "
        "before. A name that a shell could take for something else than a word is not offered; its "
        "region is, by its address. Packed dumps and standard input are not read for it.\n\n"
        "bash: in `~/.bashrc`, or once as in the example below:\n\n"
        '    eval "$(memtiles completion bash)"\n\n'
        "zsh: in `~/.zshrc`, after `compinit`:\n\n"
        '    eval "$(memtiles completion zsh)"\n\n'
        "fish: in `~/.config/fish/config.fish`, or once as in the example below:\n\n"
        "    memtiles completion fish | source\n\n"
        "PowerShell: in the file that `$PROFILE` names:\n\n"
        "    memtiles completion powershell | Out-String | Invoke-Expression"
    ),
    examples=(
        Example(
            "memtiles completion bash >> ~/.bash_completion",
            "for bash, where the package bash-completion is installed",
        ),
        Example("memtiles completion fish > ~/.config/fish/completions/memtiles.fish", "for fish"),
    ),
    add_arguments=_add_arguments,
    run=_run,
)
