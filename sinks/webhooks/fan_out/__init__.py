"""From what bots and transcripts say to `webhook.deliveries`: which events, in which order, with which number and body."""
