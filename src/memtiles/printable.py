"""Foreign text, such as a name out of a dump, as it may be shown."""


def printable(text: str) -> str:
    """The text with everything that is not printed spelled out, as Python escapes it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
