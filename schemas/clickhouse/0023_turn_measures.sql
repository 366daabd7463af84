-- What the views ask of every turn is worked out once, when it is written. Turns of before are worked out when they are read.
ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS speaker_id LowCardinality(String) MATERIALIZED
    multiIf(participant_id != '', participant_id, speaker_label != '', concat(stream_id, '/', speaker_label), stream_id)
    COMMENT 'The participant, or the voice when nobody is known for it';

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS word_count UInt32 MATERIALIZED length(words.text);

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS speech_ms Int64 MATERIALIZED
    arraySum(words.end_ms) - arraySum(words.start_ms)
    COMMENT 'Length of the words without the pauses between them';

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS questions UInt32 MATERIALIZED
    multiIf(
        match(text, '[.?!。？！؟]'), countMatches(text, '[?？؟]'),
        (language = '' OR startsWith(lower(language), 'en')) AND lower(extract(text, '^[^a-zA-Z]*([a-zA-Z]+)')) IN (
            'who', 'whose', 'what', 'which', 'when', 'where', 'why', 'how', 'is', 'are', 'was', 'were', 'do', 'does',
            'did', 'can', 'could', 'will', 'would', 'shall', 'should', 'have', 'has'), 1,
        0)
    COMMENT 'Question marks, or 1 for a turn without any punctuation that begins with an English question word'
