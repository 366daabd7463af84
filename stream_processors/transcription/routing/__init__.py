"""Which provider a stream talks to, and when: pure, shared by all streams of a worker.

`Route` is one stream's way through its ordered list; `Router` is what the streams have in common: circuits, caps, fairness.
"""
