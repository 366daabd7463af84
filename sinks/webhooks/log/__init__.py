"""The webhook topics as the sink reads and writes them, and the offsets that may be committed."""
