"""One voice: provider results in, turns out."""
