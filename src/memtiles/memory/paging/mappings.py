"""From pages to mappings: neighbours that are alike are one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.overlap import Addresses
from memtiles.memory.paging.entries import Rights
from memtiles.memory.paging.walk import Walk
from memtiles.memory.runs import parting_gap
from memtiles.memory.span import Span

MAPPINGS_LIMIT = 4096
"""More mappings than this are joined to larger ones: nobody finds his way among more."""

_UNKNOWN = 0xFF
_SMALLEST_GAP = 4 << 10


def page_mappings(walked: Walk) -> tuple[Mapping, ...]:
    """The mappings of a virtual space, in address order.

    Pages next to one another of the same rights are a mapping. What is paged out belongs to the
    pages before it, or else to those behind it. Where these are too many, rights no longer part
    them; then gaps no longer do, the smallest first.
    """
    pages = walked.pages
    firsts = np.append(pages.starts, walked.paged_out.firsts)
    lasts = np.append(pages.starts + (pages.sizes - np.uint64(1)), walked.paged_out.lasts)
    rights = np.append(pages.rights, np.full(len(walked.paged_out), _UNKNOWN, np.uint8))
    order = np.argsort(firsts, kind="stable")
    firsts, lasts, rights = firsts[order], lasts[order], rights[order]
    if not len(firsts):
        return ()
    gaps = firsts[1:] - lasts[:-1] - np.uint64(1)
    rights = _with_neighbours(rights, gaps == 0)
    apart = (gaps > 0) | (rights[1:] != rights[:-1])
    if int(apart.sum()) >= MAPPINGS_LIMIT:
        apart = gaps > parting_gap(gaps, MAPPINGS_LIMIT, 0, _SMALLEST_GAP)
        # What lies in one may be of several rights: of those of the first no more is sure.
        rights = np.full(len(rights), _UNKNOWN, np.uint8)
    heads = np.append(True, apart)
    return _mappings(firsts[heads], lasts[np.append(apart, True)], rights[heads])


def _with_neighbours(
    rights: npt.NDArray[np.uint8], touching: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """Unknown rights taken from what touches them: before them, or else behind them."""
    unknown = np.array([_UNKNOWN], np.uint8)
    before = np.append(unknown, np.where(touching, rights[:-1], unknown))
    behind = np.append(np.where(touching, rights[1:], unknown), unknown)
    rights = np.where(rights == _UNKNOWN, before, rights)
    return np.where(rights == _UNKNOWN, behind, rights)


def _mappings(
    firsts: Addresses, lasts: Addresses, rights: npt.NDArray[np.uint8]
) -> tuple[Mapping, ...]:
    return tuple(
        Mapping(Span.between(first, last + 1), _kind(first, right), protection=_protection(right))
        for first, last, right in zip(firsts.tolist(), lasts.tolist(), rights.tolist(), strict=True)
    )


def _kind(first: int, rights: int) -> Kind:
    if rights == _UNKNOWN:
        return Kind.KERNEL if first >> 63 else Kind.ANONYMOUS
    return Kind.ANONYMOUS if rights & Rights.USER else Kind.KERNEL


def _protection(rights: int) -> str | None:
    if rights == _UNKNOWN:
        return None
    return f"r{'w' if rights & Rights.WRITE else '-'}{'x' if rights & Rights.EXECUTE else '-'}"
