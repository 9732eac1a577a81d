"""The build hook: no package without its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NeedsViewer(BuildHookInterface[BuilderConfig]):
    """Refuses a wheel or an sdist whose page is missing: Node is needed to make it, not to install.

    An editable install goes on without: it finds the page once that is bundled.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        bundle = Path(self.root, "src/memtiles/site/static/viewer.js")
        if version != "editable" and not bundle.is_file():
            self.app.abort("the viewer is not bundled: run `make viewer` first")
