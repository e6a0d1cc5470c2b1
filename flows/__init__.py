"""The movement: what happens to releases, from the fetch to the page."""
