"""`earshot webhooks`: the delivery log for people, and what they can do about it."""
