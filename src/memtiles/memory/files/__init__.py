"""The file under a dump: opened, unpacked, read at random."""
