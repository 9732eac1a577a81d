"""The tables of ELF cores."""
