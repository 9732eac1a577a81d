"""Sections of modules, out of their own headers in memory."""
