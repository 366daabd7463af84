-- Phrases are found by an index of words; servers before 26.2 get a filter of words instead.
ALTER TABLE {database}.turns{on_cluster} ADD INDEX IF NOT EXISTS ix_text {text_index};

ALTER TABLE {database}.turns{on_cluster} MATERIALIZE INDEX ix_text;
