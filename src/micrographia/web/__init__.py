"""The archive over HTTP: JSON, pages, and streams of any part of any file."""

from micrographia.web import addresses as addresses  # before any route is made
