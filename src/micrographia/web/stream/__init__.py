"""Bytes: deposited files and their ranges, zip streams, sections and blocks of arrays."""
