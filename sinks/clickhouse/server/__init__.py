"""The server behind our own errors: how it is reached, what its refusals mean, and the lock it holds."""
