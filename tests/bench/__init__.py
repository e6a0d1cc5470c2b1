"""Measurements, printed side by side; none of them is a test."""
