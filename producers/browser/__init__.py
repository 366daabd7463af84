"""The browser a bot sits in: starting it, and getting sound and signalling out of its page."""
