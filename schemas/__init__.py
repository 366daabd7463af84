"""What two processes, or an outside team, agree on: topics, records, ids, units, settings, errors and metric names.

This room imports nothing of ours, and every other room may import it.
"""
