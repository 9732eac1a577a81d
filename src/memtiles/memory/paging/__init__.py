"""Page tables: which physical memory stands at a virtual address."""
