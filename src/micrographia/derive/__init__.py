"""What can be made again from the released bytes: thumbnails; a cache that may be deleted."""
