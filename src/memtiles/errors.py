"""Everything that can go wrong, one leaf per concept, each with its exit code.

A message is one line that says what is wrong and what to do about it. `cli` prints it and
exits with `exit_code`; nothing else prints or exits.
"""


class MemtilesError(Exception):
    """A bug of ours, or a part of the work that failed."""

    exit_code = 1


class LensError(MemtilesError):
    """A user's lens that failed, or gave what no lens gives."""


class UsageError(MemtilesError):
    """The command line or the output folder it names cannot be used."""

    exit_code = 2


class AddressError(UsageError):
    """Text that is not an address or a range of addresses."""


class ConfigError(UsageError):
    """A mistake in a config file; the message starts with `file:line: key:`."""


class LayoutError(UsageError):
    """A picture geometry that cannot be drawn, such as a row that needs padding."""


class OlderVersionError(UsageError):
    """An output folder whose manifest an older version of memtiles wrote."""


class DumpError(MemtilesError):
    """A dump or map that is unreadable, malformed, or changed while it was read."""

    exit_code = 3


class UnknownFormatError(DumpError):
    """A file that no format recognises; any file can still be opened as raw."""


class LimitError(MemtilesError):
    """Work that a stated limit forbids."""

    exit_code = 4


class LockedError(MemtilesError):
    """Another build holds the output folder."""

    exit_code = 5


class DiskFullError(MemtilesError):
    """No space is left for the output."""

    exit_code = 6


MEND = "`memtiles build CONFIG --rehash` mends it"


class DamageError(MemtilesError):
    """`check` found pictures, tiles or hashes that are not what was written."""

    exit_code = 7
