"""Sessions with providers, as a stream remembers them: what was sent, what it costs, whether they are alive."""
