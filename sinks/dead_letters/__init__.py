"""Dead letters in an operator's hands: what lies there, why, and how it is put back.

Pure: letters. Shells: shelf, redrive, cli.
"""
