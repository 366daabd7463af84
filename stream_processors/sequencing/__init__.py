"""Chunks of a stream, as the log has them, to one unbroken run of spans, and a record of how well that went.

Pure: nothing here knows Kafka, a clock or a provider.
"""
