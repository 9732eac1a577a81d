"""The Python API: what the commands do, for programs. `import memtiles` offers it.

Nothing here prints. What goes wrong is an exception of `memtiles.errors`; what a user should hear
of besides is in `Dump.warnings`, and for a build in the log `memtiles`.
"""
