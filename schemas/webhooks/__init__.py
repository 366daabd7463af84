"""What a subscriber may rely on: every public event as a JSON schema, with an example of each.

`payloads.py` is where an event is defined; the `*.v1.schema.json` files are written from it by
`python -m schemas.webhooks.documents`, and a test says so when they differ. Version 1 only ever gains optional fields.
"""
