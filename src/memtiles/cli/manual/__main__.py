"""`make docs`: prints what `docs/commands.md` holds."""

import sys

from memtiles.cli.manual.markdown import manual_markdown

# As bytes, so that Windows leaves the ends of the lines alone.
sys.stdout.buffer.write(manual_markdown().encode())
