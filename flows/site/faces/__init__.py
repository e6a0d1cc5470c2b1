"""Faces: what machines read of the catalog, each in the form of its standard and all of them from one model."""
