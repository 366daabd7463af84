"""The provider `deepgram`: Deepgram's streaming service (v1, Nova), over a WebSocket.

It transcribes in spans: interims over [start, start + duration) are replaced until a final closes the span, and the spans
follow on without a hole, so a span final is our final as it is. A final may close less than the interim before it; the
rest comes again. `speech_final` and `UtteranceEnd` end a turn.
"""
