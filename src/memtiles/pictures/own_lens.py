"""A user's own lens: one Python file outside the package, with a `LENS` in it."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from memtiles.errors import UsageError
from memtiles.pictures import patience
from memtiles.pictures.guarded import GuardedColours, GuardedValues, guarded
from memtiles.pictures.lenses import lens_names
from memtiles.pictures.patience import HungError, within

_LARGEST = 1 << 20  # a program of that size is no lens


def own_lens(path: Path) -> GuardedColours | GuardedValues:
    """The lens of a file, held to the contract. Its code is run.

    Raises:
        UsageError: The file is missing or no Python, or what it defines is no lens, or is called as
            a built-in one.
    """
    source = str(path)
    code = _read(path)
    digest = sha256(code).hexdigest()
    module = _run(code, source, digest)
    if not hasattr(module, "LENS"):
        raise UsageError(f"{source}: defines no LENS")
    found = guarded(module.LENS, source, digest)
    if found.name in lens_names():
        raise UsageError(f"{source}: {found.name} is the name of a built-in lens; choose another")
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            code = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(code) > _LARGEST:
        raise UsageError(f"{path}: has more than {_LARGEST:,} bytes, which is no lens")
    return code


def _run(code: bytes, source: str, digest: str) -> ModuleType:
    """The file as a module, made of exactly the bytes of the digest: no cache of Python's."""
    module = ModuleType(f"memtiles_own_lens_{digest[:16]}")
    module.__file__ = source
    # Dataclasses look for the module of their class.
    sys.modules[module.__name__] = module
    try:
        within(patience.LONGEST_LOAD, lambda: exec(compile(code, source, "exec"), vars(module)))
    except HungError as error:
        del sys.modules[module.__name__]
        raise UsageError(f"{source}: {error}") from None
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        line = _line(error, source)
        reason = " ".join(str(getattr(error, "msg", error)).split())
        raise UsageError(f"{source}{line}: {type(error).__name__}: {reason}") from None
    return module


def _line(error: BaseException, source: str) -> str:
    """`:12` for an error in line 12 of the file; nothing where it is not known."""
    if isinstance(error, SyntaxError):
        return f":{error.lineno}" if error.filename == source and error.lineno else ""
    number = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source:
            number = trace.tb_lineno
        trace = trace.tb_next
    return f":{number}" if number else ""
