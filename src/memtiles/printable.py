"""Names out of a dump, and numbers of things, as they may be shown."""


def printable(text: str) -> str:
    """The text with everything that is not printed spelled out, as Python escapes it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things, such as "1 region" or "1,204 regions"; `many` where no s is added."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
