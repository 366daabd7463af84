"""Speech to words: every stream's ordered audio to provider sessions, their results to the log, and no word lost.

From the top floor down: `process` is one worker, `log` brings it records, `partitions` is what it owns, `stream` decides what
one stream needs and does it, `sessions` is what is known of a provider's session, `routing` which provider is next, `providers`
speaks to them, `hearing` finds the speech. Decision 0004 says how the commit cursor works.
"""
