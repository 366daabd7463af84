"""One try: the request, its signature, and why there was no answer."""
