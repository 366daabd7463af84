"""Public events to an endpoint, as Standard Webhooks, in order per bot.

    records ─► release ─► webhook.deliveries ─► lanes ─► POST ─► webhook.attempts
              (envelope)   (body frozen once)   (retry_policy)  └► webhook.deliveries.dlq after the last try

What has been decided is on the log before it is acted upon, so a new process takes up exactly where one was killed:
`webhook.deliveries` and `webhook.attempts` are the journal, `journal.py` reads them back.
"""
