"""The `earshot` console command: the one place that may import several stages."""
