"""A past meeting transcribed again, from the log into a transcript of its own; decision 0012 says how."""
