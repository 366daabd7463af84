"""Content that is too big to send: kept, linked to, and served in pieces."""
