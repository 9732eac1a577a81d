"""The manual: `--help` and `docs/commands.md` from what the commands say about themselves.

`page.py` says what is told, `overview.py` what is told of memtiles as a whole, `text.py` how it
looks in a terminal, `markdown.py` in the documentation. None of it uses argparse's formatter, whose
output is another one in every version of Python.
"""
