"""Serve: what is published, as a plain site; reads the packages, writes nothing."""
