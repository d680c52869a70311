"""Bytes to header and lazy array, through `ByteSource.read(start, length)`; one module per format, one registry."""
