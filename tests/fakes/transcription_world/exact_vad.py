"""What the talkers of a world say is no sound, so the voice detector is told what speech is."""

from schemas.timebase import BYTES_PER_UNIT


class ExactVad:
    """A unit with a word in it is speech."""

    def speech(self, pcm: bytes) -> list[bool]:
        return [pcm[at] != 0 or pcm[at + 1] != 0 for at in range(0, len(pcm), BYTES_PER_UNIT)]
