"""What a worker owns: partitions, how far each is, what may be read, written and committed."""
