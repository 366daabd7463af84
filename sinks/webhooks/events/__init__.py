"""What is public of a record, and who asked for it."""
