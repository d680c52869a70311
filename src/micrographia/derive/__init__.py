"""What can be made again from the released bytes: thumbnails, smaller copies, sections; a cache that may be deleted."""
