-- Two counters, each in a page of its own. Each checkpoint brings one of them to the
-- database file; so a file that was overwritten with an older copy is behind in one
-- that the next checkpoint does not write. See counters.go.
CREATE TABLE even_checkpoints (mark TEXT NOT NULL) STRICT;
CREATE TABLE odd_checkpoints (mark TEXT NOT NULL) STRICT;
INSERT INTO even_checkpoints VALUES ('even-' || lower(hex(randomblob(8))) || '-00000000000000000000');
INSERT INTO odd_checkpoints VALUES ('odd-' || lower(hex(randomblob(8))) || '-00000000000000000001');
