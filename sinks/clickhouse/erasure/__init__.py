"""Erasure of a bot or a participant: asked for over the log, carried out, and seen to be gone."""
