"""The real services on this machine, without containers: what each is, how it runs, all of them together."""
