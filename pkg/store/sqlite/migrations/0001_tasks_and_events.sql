-- The log's own row: its epoch. Empty until the first opener has named it.
CREATE TABLE log (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL
) STRICT;
INSERT INTO log VALUES (1, '');

-- What happened. The task as JSON is stored as receivers get it.
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY,
    type TEXT    NOT NULL,
    n    INTEGER NOT NULL, -- tasks.n
    id   TEXT    NOT NULL, -- tasks.id
    time INTEGER NOT NULL, -- Unix milliseconds, as all times here
    task BLOB    NOT NULL
) STRICT;

-- n is the seq of the event that created the task: the order of creation, exact
-- across processes, and the key of every page. Measured against a table without
-- rowid on id: the same rate of writes, cheaper pages. The task is kept as JSON,
-- as it is sent; the other columns are what it is found by, and its version.
CREATE TABLE tasks (
    n         INTEGER PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    completed INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    task      BLOB    NOT NULL
) STRICT;

-- Holds (completed, n), so a filtered page reads what it returns and no more.
CREATE INDEX tasks_completed ON tasks (completed);

-- Answers already given, by idempotency key. Rows are in the order of age.
CREATE TABLE keys (
    n           INTEGER PRIMARY KEY,
    key         TEXT    NOT NULL UNIQUE,
    fingerprint BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    epoch       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    task        BLOB    NOT NULL
) STRICT;
