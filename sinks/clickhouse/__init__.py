"""The ClickHouse sink: what analysts may ask of the log, as tables and views.

`sink` is the pipeline; `delivery` puts each row into its table once, `mapping` makes rows of records, `server` is ClickHouse behind
our own errors, `database` its tables and who may read them, `erasure` what has to go. It reads topics and writes tables; it
decides nothing about meetings, and a table holds what a record says, in the record's own words.
"""
