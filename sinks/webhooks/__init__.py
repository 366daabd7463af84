"""Public events to an endpoint, as Standard Webhooks, in order per bot.

    records ─► events ─► fan_out ─► webhook.deliveries ─► dispatch ─► posting ─► webhook.attempts
                            │                              │  └ lanes, parking   └► webhook.deliveries.dlq after the last try
                        content                        commands

What has been decided is on the log before it is acted upon, so a new process takes up exactly where one was killed:
`webhook.deliveries` and `webhook.attempts` are the journal, `fan_out/journal.py` reads them back. `log` is where
all of it is read and written, `endpoints` is who subscribed, `console` is for people.
"""
