"""One bot: its voices, its people, what is settled, and the records that come of it."""
