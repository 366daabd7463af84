"""The proof that what a bot heard was delivered or declared lost, made from the log alone."""
