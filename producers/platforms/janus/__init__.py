"""Janus VideoRoom through Debian's unmodified demo page: a real WebRTC server, one stream for each speaker."""
