"""Imports go one way through the rooms.

errors < memory < maps < pictures < tiles < site < plan < stages < pipeline < api < cli
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import memtiles

PACKAGE = Path(memtiles.__file__).parent

ORDER = {
    "errors": 0,
    "limits": 0,
    "crop": 1,
    "disk": 1,
    "printable": 0,
    "progress": 0,
    "processes": 2,
    "threads": 1,
    "memory": 1,
    "maps": 2,
    "config": 2,
    "manifest": 2,
    "pictures": 3,
    "tiles": 4,
    "site": 5,
    "exports": 6,
    "plan": 6,
    "describe": 7,
    "info": 7,
    "init": 7,
    "preview": 7,
    "stages": 8,
    "pipeline": 9,
    "api": 10,
    "cli": 11,
    "__main__": 12,
}
HEAVY = {
    *("pyvips", "ruamel", "starlette", "uvicorn", "rich", "numpy", "pydantic", "PIL", "tqdm"),
    "argcomplete",
}


def imported(file: Path) -> set[str]:
    """The modules that a file imports anywhere in it, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "memtiles" and len(parts) > 1 and parts[1] in ORDER else None


def test_every_file_has_its_room() -> None:
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in sources()}
    assert rooms - {"__init__"} == set(ORDER)


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_imports_go_one_way() -> None:
    wrong = []
    for file in sources():
        own = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for name in imported(file):
            other = room(name)
            if other is None or other == own or own == "__init__":
                continue
            if ORDER[other] >= ORDER[own]:
                wrong.append(f"{file.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_who_may_import_what_from_outside() -> None:
    homes = {
        "pyvips": "tiles",
        "ruamel": "config",
        "starlette": "site",
        "uvicorn": "site",
        "argcomplete": "cli",
    }
    for file in sources():
        own = file.relative_to(PACKAGE).parts[0]
        for name in imported(file):
            top = name.split(".")[0]
            assert homes.get(top, own) == own, f"{file} imports {name}"


def test_layout_is_pure() -> None:
    names = {name.split(".")[0] for name in imported(PACKAGE / "pictures" / "layout.py")}
    assert names <= {*sys.stdlib_module_names, "numpy", "memtiles"}


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from memtiles.cli import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
