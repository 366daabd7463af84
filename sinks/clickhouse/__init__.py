"""The ClickHouse sink: what analysts may ask of the log, as tables and views.

Pure: columns, tables, rows, columnar, block, batch, intent, retry, refusal, agreement, readiness. Shells: intake, mapper,
delivery, adapter, writer, migrate, sink, cli. It reads topics and writes tables; it decides nothing about meetings, and a table
holds what a record says, in the record's own words.
"""
