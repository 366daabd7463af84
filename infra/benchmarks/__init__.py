"""Measurements of the real thing on this machine, each written as one JSON file of one shape."""
