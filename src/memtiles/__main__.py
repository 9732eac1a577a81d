"""`python -m memtiles`."""

from memtiles.cli import main

if __name__ == "__main__":
    main()
