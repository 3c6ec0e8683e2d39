"""Bytes to domain values and back: codecs, topics, formats."""
