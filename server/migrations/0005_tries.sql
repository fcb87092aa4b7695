-- Wrong tries at what somebody else could guess: see server/src/guard/tries.rs.
CREATE TABLE tries (
    -- Keyed hash of what they are counted by: a name as it was typed, a browser, an address.
    subject TEXT NOT NULL,
    -- When the tries of the last minute, and of the last hour, are forgotten.
    minute_over BIGINT NOT NULL,
    hour_over BIGINT NOT NULL,
    CONSTRAINT tries_subject_unique PRIMARY KEY (subject)
);
CREATE INDEX tries_by_end ON tries (hour_over);
