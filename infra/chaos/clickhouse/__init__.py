"""The kill matrix of the ClickHouse sink: everything it leans on dies under load, and every table is compared with the log."""
