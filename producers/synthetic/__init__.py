"""Bots without browsers: meetings made up to measure, for tests, benches and whoever sizes a cluster."""
