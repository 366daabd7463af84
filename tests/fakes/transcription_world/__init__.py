"""Transcription in simulated time: the real worker, partition, pipeline and machine; broker, providers and clock are made."""
