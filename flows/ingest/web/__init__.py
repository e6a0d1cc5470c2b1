"""Sources of the web: ask, list, read, record."""
