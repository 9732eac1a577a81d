"""Files that are known by their first bytes though no format here reads them.

Asked only after every format has declined.
"""

from __future__ import annotations

_HIBERNATION = (
    "a Windows hibernation file: Hibr2Bin or Hibernation Recon makes a raw image of it, for "
    "`--format raw --cr3 ADDRESS`"
)
_VMWARE = (
    "a VMware snapshot: the memory is in the .vmem file beside it, a raw image for "
    "`--format raw --cr3 ADDRESS`; where there is none, vmss2core converts it"
)
_EWF = "evidence in EWF: `ewfexport -f raw -t NEW FILE` gets the image out of it"

_KINDS: dict[bytes, str] = {
    b"HIBR": _HIBERNATION,
    b"hibr": _HIBERNATION,
    b"WAKE": _HIBERNATION,
    b"wake": _HIBERNATION,
    b"RSTR": _HIBERNATION,
    b"rstr": _HIBERNATION,
    b"\xd0\xbe\xd2\xbe": _VMWARE,
    b"\xd1\xba\xd1\xba": _VMWARE,
    b"\xd2\xbe\xd2\xbe": _VMWARE,
    b"\xd3\xbe\xd2\xbe": _VMWARE,
    b"\x7fVirtualBox SavedState": "a saved state of VirtualBox: resume the machine, and "
    "`VBoxManage debugvm VM dumpvmcore --filename NEW` writes an ELF core",
    b"QEVM": "a QEMU snapshot: load it in QEMU, and `dump-guest-memory NEW` in its monitor writes "
    "an ELF core",
    b"LibvirtQemud": "a machine saved by libvirt: `virsh restore FILE`, then "
    "`virsh dump --memory-only DOMAIN NEW` writes an ELF core",
    b"QFI\xfb": "a qcow2 disk, which may hold snapshots: load one with QEMU's -loadvm, and "
    "`dump-guest-memory NEW` in its monitor writes an ELF core",
    b"Xen saved domain": "a machine saved by Xen: `xl restore FILE`, `xl dump-core DOMAIN CORE`, "
    "and Volatility's layerwriter makes a raw image of that",
    b"sadump\0\0": "a dump of Fujitsu's sadump: `makedumpfile -c -d 0 -x VMLINUX FILE NEW` makes a "
    "kdump of it",
    b"\xa8\x19\x01\x73\x61\x8f\x23\xfd": "a dump of an IBM Z machine: `zgetdump -f elf FILE > NEW` "
    "makes an ELF core of it",
    b"minidump FreeBSD/": "a minidump of a FreeBSD kernel: after `sysctl debug.minidump=0` it "
    "writes ELF cores",
    b"MSCF": "a Windows cabinet: `expand -F:* FILE FOLDER` or `cabextract FILE` gets the dump out",
    b"EVF\t\r\n\xff\0": _EWF,
    b"EVF2\r\n\x81\0": _EWF,
    b"PMDM": "a minidump of a big-endian machine, which is not read",
    b"\x1f\x8b": "gzip data without a name that ends in .gz: rename it, or unpack it on the way",
    b"\xfd7zXZ\0": "xz data without a name that ends in .xz: rename it, or unpack it on the way",
    b"\x78\x9c": "zlib data, as LiME's compress=1 writes it: `unpigz -c FILE > NEW` unpacks it",
    b"\x28\xb5\x2f\xfd": "a zstd archive: `unzstd FILE` unpacks it",
    b"\x04\x22\x4d\x18": "an lz4 archive: `unlz4 FILE` unpacks it",
    b"\x89LZO\0\r\n\x1a\n": "an lzop archive: `lzop -d FILE` unpacks it",
    b"BZh": "a bzip2 archive: `bunzip2 FILE` unpacks it",
    b"PK\x03\x04": "a zip archive: `unzip FILE` unpacks it",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: `7z x FILE` unpacks it",
    b"Rar!\x1a\x07": "a rar archive: `unrar x FILE` unpacks it",
}


def known_kind(head: bytes) -> str | None:
    """What a file that starts with `head` is and what makes a dump of it that is read here.

    In words for an error message; None if it is unknown.
    """
    return next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), None)
