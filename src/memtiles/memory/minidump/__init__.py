"""The streams of a minidump."""
