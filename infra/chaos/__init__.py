"""Killing things under load, and checking afterwards that every guarantee held."""
