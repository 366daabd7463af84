"""Deliveries that wait long: out of memory, on `webhook.parked`, and their bodies back when it is their turn."""
