"""Tests of the behaviour that people rely on."""
