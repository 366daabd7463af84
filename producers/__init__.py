"""Producers: whatever puts the first record of a meeting on Kafka."""
