"""One stream and epoch, from ordered audio to results: the machine that decides, and what drives it."""
