"""Speech to words: every stream's ordered audio to provider sessions, their results to the log, and no word lost.

`stream.py` decides what one stream needs, `pipeline.py` does it, `worker.py` keeps a worker's partitions, and
`faust_shell.py` brings the records. Decision 0004 says how the commit cursor works.
"""
