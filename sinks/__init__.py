"""Sinks: whatever reads the log and carries it out of Kafka."""
