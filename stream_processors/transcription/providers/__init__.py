"""Speech-to-text engines behind one interface, one room each.

Differences of authentication, format, sample rate, chunk size, pace, keep-alive, limits and end-of-turn signals stay
inside a room; what comes out is the same for all (`interface.py`).
"""
