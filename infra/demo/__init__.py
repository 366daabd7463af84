"""The demo: a real meeting held for the bot, and the proof that what was said was heard and delivered."""
