-- Which of these files were applied here, and what was in them. Files are forward-only: mend a table with a new file.
CREATE DATABASE IF NOT EXISTS {database}{on_cluster};

CREATE TABLE IF NOT EXISTS {database}.schema_migrations{on_cluster}
(
    version UInt32 COMMENT 'Number of the file',
    name String COMMENT 'Name of the file',
    checksum String COMMENT 'SHA-256 of the file, before the database name is put in',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {replicated}ReplacingMergeTree(applied_at)
ORDER BY version
COMMENT 'One row for each migration applied.';
