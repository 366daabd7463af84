"""One bot in one meeting: what it hears goes to Kafka, with a ledger that says what was heard."""
