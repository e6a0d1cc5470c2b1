"""The vocabulary: the nouns that every stage shares; imports nothing of the project's own verbs."""

__version__ = "0.1.0"
