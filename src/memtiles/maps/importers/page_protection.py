"""Windows' names of page protections as `/proc/PID/maps` writes them."""

from __future__ import annotations

_ACCESS = {
    "PAGE_NOACCESS": "---",
    "PAGE_READONLY": "r--",
    "PAGE_READWRITE": "rw-",
    "PAGE_WRITECOPY": "rw-",
    "PAGE_EXECUTE": "--x",
    "PAGE_EXECUTE_READ": "r-x",
    "PAGE_EXECUTE_READWRITE": "rwx",
    "PAGE_EXECUTE_WRITECOPY": "rwx",
}


def page_protection(names: str) -> str | None:
    """The protection that names such as "PAGE_READWRITE|PAGE_GUARD" spell, or None for none.

    What modifies it (guard, not cached) is not told: it does not say who may do what.
    """
    found = (_ACCESS.get(name.strip().upper()) for name in names.split("|"))
    return next((access for access in found if access), None)
