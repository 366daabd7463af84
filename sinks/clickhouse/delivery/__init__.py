"""Each row into its table once, whoever dies when: batches, intents, inserts, commits."""
