"""The provider `local`: pocketsphinx in processes of its own, with the English model it brings along.

Recognising holds the interpreter lock, so it never happens in our process: a nursery loads the model once and forks
decoders that share it, and each utterance borrows one.
"""
