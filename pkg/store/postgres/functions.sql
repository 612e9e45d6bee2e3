-- A batch of new tasks in one statement. Within the function each statement sees
-- what was committed before it began: the numbers are taken after the lock is.
-- @ stands for the schema. Nodes of an older version call it too: its parameters
-- and results stay as they are.
CREATE OR REPLACE FUNCTION @create_tasks(
    ids text[], done boolean[], bodies text[], searches text[], at bigint,
    keys bytea[], fingerprints bytea[], ordinals bigint[], answers text[],
    OUT log_epoch text, OUT log_seq bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    SELECT l.epoch INTO STRICT log_epoch FROM @log AS l FOR UPDATE;
    SELECT coalesce(max(e.seq), 0) INTO log_seq FROM @events AS e;
    INSERT INTO @tasks (n, id, completed, version, task, search)
        SELECT log_seq + u.i, u.id, u.done, log_seq + u.i, u.body, u.search
        FROM unnest(ids, done, bodies, searches) WITH ORDINALITY AS u (id, done, body, search, i);
    INSERT INTO @events (seq, type, n, id, time, task)
        SELECT log_seq + u.i, 'task_created', log_seq + u.i, u.id, at, u.body
        FROM unnest(ids, bodies) WITH ORDINALITY AS u (id, body, i);
    IF cardinality(keys) > 0 THEN
        INSERT INTO @keys (key, fingerprint, created_at, epoch, seq, changed, version, task)
            SELECT k.key, k.fingerprint, at, log_epoch, log_seq + k.i, true, log_seq + k.i, k.answer
            FROM unnest(keys, fingerprints, ordinals, answers) AS k (key, fingerprint, i, answer);
    END IF;
END $$;
