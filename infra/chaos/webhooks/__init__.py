"""Two webhook sinks are killed under load while most of their receivers misbehave: nothing may be lost or out of order."""
