"""The archive as pages for people: rendered here, readable without JavaScript."""
