"""The consumer group: what must be there, who joins it, and records handed over in order."""
