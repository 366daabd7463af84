"""Connections to addresses that customers chose: never into our own network, whatever name, spelling or DNS answer leads there."""
