"""Running a command as somebody who is not root, who may do everything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65_534


def without_root(*reachable: Path) -> tuple[str, ...]:
    """The wrapper that runs a command as nobody; makes the folders to these paths passable."""
    if not IS_ROOT:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may do everything, and there is no setpriv to be somebody else")
    for path in reachable:
        for parent in path.parents:
            if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    wrapper = (setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    tried = [*wrapper, sys.executable, "-c", "import memtiles.cli, pyvips"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("this Python cannot be run by anybody but root")
    return wrapper
