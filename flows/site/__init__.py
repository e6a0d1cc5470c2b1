"""Site: the packages on disk as pages that people read; derived from published versions alone, never part of one."""
