"""The verbs: what can be done to an entry and asked of the archive; web, command line and background work call these, nothing below."""
