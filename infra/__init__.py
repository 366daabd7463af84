"""Everything the river needs around it: local services, the demo, benchmarks and decisions."""
