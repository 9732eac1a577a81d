"""The lens `words`: DWORDs, little endian, on one scale."""

from memtiles.pictures.words_of import WordsLens

LENS = WordsLens("words", "little")
