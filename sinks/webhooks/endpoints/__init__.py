"""Endpoints: what people ask for, what is on `webhook.endpoints`, and what the sink makes of it."""
