"""The lens `words-big`: DWORDs, big endian, on one scale."""

from memtiles.pictures.words_of import WordsLens

LENS = WordsLens("words-big", "big")
