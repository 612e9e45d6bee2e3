-- The log's own row. Whoever holds its row lock assigns seq until its commit, so
-- the order of commits is the order of seq. The row itself hardly ever changes: a
-- counter here would leave a dead version behind with every commit, and those
-- pile up for as long as a dump or another long transaction runs.
CREATE TABLE log (
    one    integer PRIMARY KEY CHECK (one = 1),
    epoch  text   NOT NULL,
    first  bigint NOT NULL, -- the oldest event that is held; behind the last one: there is none
    server text   NOT NULL  -- identity of the server that this epoch belongs to
) WITH (fillfactor = 10);

-- What happened. The task as JSON is stored as receivers get it. Times are Unix
-- milliseconds, here and below.
CREATE TABLE events (
    seq  bigint PRIMARY KEY,
    type text   NOT NULL,
    n    bigint NOT NULL, -- tasks.n
    id   text   COLLATE "C" NOT NULL, -- tasks.id
    time bigint NOT NULL,
    task text   COLLATE "C" NOT NULL
);

-- n is the seq of the event that created the task: the order of creation, exact
-- whatever the machines' clocks say, and the key of every page. The task is kept
-- as JSON, as it is sent; the other columns are what it is found by, and its
-- version.
CREATE TABLE tasks (
    n         bigint  PRIMARY KEY,
    id        text    COLLATE "C" NOT NULL UNIQUE,
    completed boolean NOT NULL,
    version   bigint  NOT NULL,
    task      text    COLLATE "C" NOT NULL,
    search    text    COLLATE "C" NOT NULL -- title and description, folded
);
CREATE INDEX tasks_completed ON tasks (completed, n);

-- Answers already given, by idempotency key.
CREATE TABLE keys (
    key         bytea   PRIMARY KEY,
    fingerprint bytea   NOT NULL,
    created_at  bigint  NOT NULL,
    epoch       text    NOT NULL,
    seq         bigint  NOT NULL,
    changed     boolean NOT NULL,
    version     bigint  NOT NULL,
    task        text    COLLATE "C" NOT NULL
);
CREATE INDEX keys_created_at ON keys (created_at);
