"""Publish: tables into the files of a version, audited as files, made a version by one rename."""
