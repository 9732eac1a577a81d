"""Numbers that commands, config and library share."""

OUTPUT_LIMIT = 64 << 30
"""The most bytes that are written where the user allows no more."""

DPI = 300
"""Pixels per inch of what is printed."""

FINEST_DPI = 9600
