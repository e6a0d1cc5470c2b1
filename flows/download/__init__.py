"""Download: a version from a site or a folder, and whether what lies there is what was published."""
