"""Files that are known by their first bytes though no format here reads them.

Asked only after every format has declined, so an entry does no harm once a format reads its kind.
"""

from __future__ import annotations

_KINDS: dict[bytes, str] = {
    b"MDMP": "a Windows minidump",
    b"PAGEDU64": "a Windows crash dump (64 bit)",
    b"PAGEDUMP": "a Windows crash dump (32 bit)",
    b"USERDU64": "a user dump of an older WinDbg (64 bit)",
    b"USERDUMP": "a user dump of an older WinDbg (32 bit)",
    b"EMiL": "a LiME image of Linux memory",
    b"AVML": "an AVML image of Linux memory",
    b"KDUMP   ": "a Linux kdump",
    b"DISKDUMP": "a Linux diskdump",
    b"makedumpfile": "a Linux kdump, flattened by makedumpfile",
    b"HIBR": "a Windows hibernation file",
    b"hibr": "a Windows hibernation file",
    b"WAKE": "a Windows hibernation file",
    b"wake": "a Windows hibernation file",
    b"RSTR": "a Windows hibernation file",
    b"\xd0\xbe\xd2\xbe": "a VMware snapshot",
    b"\xd1\xbe\xd2\xbe": "a VMware snapshot",
    b"\xd2\xbe\xd2\xbe": "a VMware snapshot",
    b"\xd3\xbe\xd2\xbe": "a VMware snapshot",
    b"\xcf\xfa\xed\xfe": "a Mach-O file",
    b"\xce\xfa\xed\xfe": "a Mach-O file",
    b"QEVM": "a QEMU snapshot",
    b"\x1f\x8b": "gzip data in a file whose name does not end in .gz",
    b"\xfd7zXZ\0": "xz data in a file whose name does not end in .xz",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"BZh": "a bzip2 archive",
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
}


def known_kind(head: bytes) -> str | None:
    """What a file that starts with `head` is, in words for an error message; None if unknown."""
    return next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), None)
