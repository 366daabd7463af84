"""From `webhook.deliveries` to tries: which delivery is sent now, and what comes of it."""
