"""The log for a person at a terminal: any topic's records as JSON lines, and a bot's transcript to read."""
