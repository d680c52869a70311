"""The archive over HTTP: JSON, pages, and streams of any part of any file."""
