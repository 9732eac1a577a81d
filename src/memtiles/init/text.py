"""A dump → the text of a config: what it holds in comments, and examples that can be switched on.

A `#` with no blank after it switches a setting off; all other comments are prose. Each setting is
written as if it were on, and switched off afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from memtiles.config import Limits, Match, parse_config
from memtiles.errors import DumpError
from memtiles.init.examples import RANGE_NAMES, Examples, Group, pick_examples
from memtiles.init.quoting import quoted
from memtiles.maps.region import regions_of_dump
from memtiles.memory.address import format_address, windbg_address
from memtiles.memory.dump import Dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span
from memtiles.plan import Plan, make_plan
from memtiles.printable import counted, printable

_LENSES = "lenses: [bytes, class, entropy]"
_PYRAMIDS = "tiles: {region_pyramids_from: 1MiB}"
_GIB = 1 << 30
_COMMENT_COLUMN = 44
_LONGEST_TITLE = 100


@dataclass(frozen=True)
class Source:
    """How a config names its dump: a path or a process, and what else must be said.

    `format` and `space` are None where the dump's own first ones are meant.
    """

    path: str | None = None
    pid: int | None = None
    format: str | None = None
    base: int | None = None
    cr3: int | Literal["auto"] | None = None
    space: SpaceKind | None = None


def make_config(dump: Dump, source: Source, file: Path, output: str, schema: str) -> str:
    """The text of a config that a build takes as it is.

    Args:
        dump: What it is about.
        source: How the config names that.
        file: Where the config will lie.
        output: The output folder, from there.
        schema: Where editors find the JSON Schema of a config: a URI.

    Raises:
        DumpError: There is nothing in the dump to draw.
        UsageError: The config cannot hold these names, or the dump cannot be planned.
        LimitError: It is too large.
    """
    if not any(len(dump.spaces[0].runs(row.span)) for row in regions_of_dump(dump).rows):
        raise DumpError(f"{dump.name}: no byte of memory is in it: there is nothing to draw")
    named = _dump_lines(source)
    plain = parse_config("\n".join(named), file)
    bare = make_plan(plain, dump, [])
    examples = pick_examples([planned for planned in bare.regions if planned.shape])
    pictures = f"pictures: {{{_LENSES}}}"
    looks = [*named, pictures, *_atlases(), *_strips(examples), _PYRAMIDS]
    ways = (looks, [*looks, *_overrides(examples)])
    needed = max(_plan(way, dump, file).output_bytes for way in ways)
    text = "\n".join(_lines(dump, bare, examples, named, output, schema, needed)) + "\n"
    config = parse_config(text, file)
    # It writes out what is so without a word. Then its plan is known, and need not be made again.
    said = config.model_copy(update={"output": plain.output, "limits": plain.limits})
    final = bare if said == plain else make_plan(config, dump, [])
    final.check(config.limits.output)
    return text


def _plan(lines: Iterable[str], dump: Dump, file: Path) -> Plan:
    return make_plan(parse_config("\n".join(lines), file), dump, [])


def _lines(
    dump: Dump,
    bare: Plan,
    examples: Examples,
    named: Sequence[str],
    output: str,
    schema: str,
    needed: int,
) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema}"
    yield "#"
    yield "# Made by `memtiles init`; `memtiles build` draws it as it is. Paths are relative to"
    yield "# this file. A # with no blank after it switches a setting off: take it away, and it is"
    yield "# on. `memtiles schema` has all keys; editors that read the first line complete them."
    yield ""
    yield from _about(dump, bare)
    yield from named
    yield ""
    yield "# The map. It is the memory, secrets and all: know before you share it."
    yield f"output: {quoted(output)}"
    yield ""
    yield "# Which parts are drawn. A region fits by its name, in which * and ? stand for any"
    yield "# characters, by its kind, or by both."
    yield "regions:"
    yield "  group: module  # or mapping: one region for each mapping of a module"
    yield from _off("  ", "Leave these out:", _matches("exclude", examples.exclude))
    yield from _off("  ", "Draw only these:", _matches("include", examples.include))
    about = "Draw addresses of your own; in WinDbg's spelling, the second, the end is in the range:"
    yield from _off("  ", about, _ranges(examples.ranges, dump.address_bits))
    yield ""
    yield "pictures:"
    yield "  bits: 8       # 8, 16, 24 or 32 bits a pixel: 1 to 4 bytes of memory"
    yield "  layout: rows  # or classic: the square that Dump2Picture draws; or hilbert: what is"
    yield "                # near in memory is near on the map; or pages: each page is a square"
    about = "What colours mean; the page switches between them. `memtiles lens` tells of all:"
    yield from _off("  ", about, [_LENSES])
    yield from _off("", "Draw some regions in another way:", _overrides(examples))
    yield ""
    yield "# Planes of many pictures; the first one opens."
    atlases, first, *more = _atlases()
    yield from (atlases, first, *(f"#{line}" for line in more))
    about = "Cut these out for printing, at full resolution, into the folder strips of the map:"
    yield from _off("", about, _strips(examples))
    yield from _off(
        "",
        "Regions from this size on get a plane of their own to zoom in:",
        [_PYRAMIDS],
    )
    yield from _limits(needed)


def _off(indent: str, about: str, lines: Iterable[str]) -> Iterator[str]:
    """A setting that is switched off, below an empty line and what it is for; or nothing at all."""
    settings = list(lines)
    if settings:
        yield from ("", f"{indent}# {about}", *(f"{indent}#{line}" for line in settings))


def _dump_lines(source: Source) -> list[str]:
    if source.pid is not None:
        found = [("live", f"{{pid: {source.pid}}}")]
    else:
        found = [("path", quoted(source.path or ""))]
    found += [("format", source.format)] if source.format else []
    found += [("base", format_address(source.base))] if source.base is not None else []
    if source.cr3 is not None:
        found += [("cr3", source.cr3 if source.cr3 == "auto" else format_address(source.cr3))]
    found += [("space", source.space.value)] if source.space else []
    if found[0][0] == "path" and len(found) == 1:
        return [f"dump: {found[0][1]}"]
    return ["dump:", *(f"  {key}: {value}" for key, value in found)]


def _about(dump: Dump, plan: Plan) -> Iterator[str]:
    about = [dump.format, f"{dump.size:,} bytes"]
    about += [known for known in (dump.machine, dump.system) if known]
    about.append(f"{dump.address_bits}-bit {plan.space.name} addresses")
    present = sum(planned.runs.total for planned in plan.regions)
    size = sum(planned.region.span.size for planned in plan.regions)
    counts = [counted(len(dump.modules), "module"), counted(len(plan.regions), "region")]
    yield f"# {printable(dump.name[:_LONGEST_TITLE])}: {printable(', '.join(about))}."
    yield f"# {' and '.join(counts)}; {present:,} of their {size:,} bytes are in the dump."
    if not dump.modules:
        yield "# Where another tool listed the modules (WinDbg's lm or !address, Volatility, gdb,"
        yield "# /proc/PID/maps, CSV), a line such as  maps: [{path: lm.txt}]  names the regions."
    yield from _about_spaces(dump)


def _about_spaces(dump: Dump) -> Iterator[str]:
    """Which other addresses there are, and what would give some."""
    for other in dump.spaces[1:]:
        yield f"# It has {other.name} addresses, too: those are drawn with  space: {other.name}  in"
        yield "# dump:, beside its path."
    if [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]:
        yield "# These are physical addresses. With  cr3: auto  in dump:, beside its path, the page"
        yield "# tables of Linux are searched for; or write the address that another tool tells."


def _matches(key: str, groups: Sequence[Group]) -> Iterator[str]:
    if groups:
        yield f"{key}:"
    for group in groups:
        about = f"{counted(group.count, 'region')}, {group.size:,} bytes"
        yield f"{f'- {_match(group.match)}':{_COMMENT_COLUMN}}  # {about}"


def _match(match: Match) -> str:
    if match.name is not None:
        return f"{{name: {quoted(match.name)}}}"
    return f"{{kind: {match.kind}}}"


def _ranges(pieces: Sequence[Span], bits: int) -> Iterator[str]:
    """Two pieces, to show both spellings of a range."""
    if not pieces:
        return
    first, second = pieces
    start, last = windbg_address(second.start, bits), windbg_address(second.end - 1, bits)
    yield "ranges:"
    yield f"- {{name: {RANGE_NAMES[0]}, range: {first.start:#x}+{first.size:#x}}}"
    yield f'- {{name: {RANGE_NAMES[1]}, range: "{start} {last}"}}'


def _overrides(examples: Examples) -> list[str]:
    layout = "layout: classic, " if examples.fits_classic else ""
    return ["overrides:", f"- {{match: {_match(examples.subject)}, {layout}bits: 32}}"]


def _atlases() -> list[str]:
    return [
        "atlases:",
        '- {name: landscape, aspect: "16:9"}',
        '- {name: poster, layout: hilbert, aspect: "5:7"}',
    ]


def _strips(examples: Examples) -> list[str]:
    crop = f", crop: {examples.crop}" if examples.crop else ""
    return [
        "strips:",
        f"- {{name: cut, region: {quoted(examples.strip_region)}{crop}, dpi: 300, format: png}}",
        "- {name: landscape, atlas: landscape, dpi: 200, format: tif}",
    ]


def _limits(needed: int) -> Iterator[str]:
    default = Limits().output
    if needed <= default:
        about = "A build that might write more than this is refused:"
        yield from _off("", about, [f"limits: {{output: {default // _GIB}GiB}}"])
        return
    yield ""
    yield f"# It may write {needed:,} bytes with all that is above, where {default // _GIB}GiB is"
    yield "# the limit without this line:"
    yield f"limits: {{output: {-(-needed // _GIB)}GiB}}"
