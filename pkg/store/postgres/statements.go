package postgres

import "strings"

// statements are the statements of the store for one schema.
type statements struct {
	begin, commit, rollback *statement

	// For the writer.
	lock, head, create, tasksByID, keysByKey        *statement
	deleteTasks, insertTasks, updateTasks           *statement
	insertEvents, insertKeys                        *statement
	lockServer, setEpoch                            *statement
	tryMaintain, youngest, deleteEvents, deleteKeys *statement
	setFirst                                        *statement

	// For reading.
	get, bounds, read                           *statement
	page, pageByDone, searchWindow, searchIndex *statement
	snapshot, localTimeout                      *statement
	pageByIDPart, export                        *statement
}

// inSchema returns a constructor of statements for a schema. In their text, @ stands
// for the schema's name and a dot.
func inSchema(schema string) func(name, sql string) *statement {
	return func(name, sql string) *statement {
		return &statement{name: "taskctl_" + name, sql: qualified(schema, sql)}
	}
}

func newStatements(schema string) *statements {
	text := inSchema(schema)
	// Pages are read by key, so their cost depends only on their size. The join with
	// the log's row gives the page and its position from one snapshot.
	page := func(name, where string) *statement {
		return text(name, `SELECT `+position+`, t.n, t.version, t.task FROM @log LEFT JOIN LATERAL (
			SELECT *, `+sizeBefore("n DESC")+` FROM (
				SELECT n, version, task FROM @tasks WHERE n < $1 `+where+` ORDER BY n DESC LIMIT $2) AS next
			) AS t ON t.before < $3 ORDER BY t.n DESC`)
	}
	return &statements{
		begin:        text("begin", `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`),
		snapshot:     text("snapshot", `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`),
		localTimeout: text("local_timeout", `SELECT set_config('statement_timeout', $1, true)`),

		commit:   text("commit", `COMMIT`),
		rollback: text("rollback", `ROLLBACK`),

		lock:      text("lock", `SELECT epoch FROM @log FOR UPDATE`),
		head:      text("head", `SELECT coalesce(max(seq), 0) FROM @events`),
		create:    text("create", `SELECT * FROM @create_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9)`),
		tasksByID: text("tasks_by_id", `SELECT n, version, task FROM @tasks WHERE id = ANY ($1::text[])`),
		keysByKey: text("keys_by_key", `SELECT key, fingerprint, created_at, epoch, seq, changed, version, task
			FROM @keys WHERE key = ANY ($1::bytea[])`),
		deleteTasks: text("delete_tasks", `DELETE FROM @tasks WHERE n = ANY ($1::bigint[])`),
		insertTasks: text("insert_tasks", `INSERT INTO @tasks (n, id, completed, version, task, search)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::text[], $6::text[])`),
		updateTasks: text("update_tasks", `UPDATE @tasks AS t
			SET completed = u.completed, version = u.version, task = u.task, search = u.search
			FROM unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::text[], $5::text[])
				AS u (n, completed, version, task, search) WHERE t.n = u.n`),
		insertEvents: text("insert_events", `INSERT INTO @events (seq, type, n, id, time, task)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[])`),
		// Replaces a key that has expired but is not deleted yet.
		insertKeys: text("insert_keys", `INSERT INTO @keys (key, fingerprint, created_at, epoch, seq, changed, version, task)
			SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::boolean[], $7::bigint[], $8::text[])
			ON CONFLICT (key) DO UPDATE SET (fingerprint, created_at, epoch, seq, changed, version, task) =
			(excluded.fingerprint, excluded.created_at, excluded.epoch, excluded.seq, excluded.changed, excluded.version, excluded.task)`),
		lockServer: text("lock_server", `SELECT epoch, server FROM @log FOR UPDATE`),
		setEpoch:   text("set_epoch", `UPDATE @log SET epoch = $1, server = $2`),

		tryMaintain: text("try_maintain", `SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 1)), first,
			(SELECT coalesce(max(seq), 0) FROM @events) FROM @log`),
		youngest:     text("youngest", `SELECT seq FROM @events WHERE seq >= $1 AND seq < $2 AND time > $3 ORDER BY seq LIMIT 1`),
		deleteEvents: text("delete_events", `DELETE FROM @events WHERE seq < $1`),
		setFirst:     text("set_first", `UPDATE @log SET first = $1`),
		deleteKeys: text("delete_keys", `WITH gone AS (DELETE FROM @keys WHERE key IN (SELECT key FROM @keys
			WHERE created_at <= $1 OR created_at > $2 ORDER BY created_at LIMIT $3) RETURNING 1) SELECT count(*) FROM gone`),

		get:    text("get", `SELECT `+position+`, t.version, t.task FROM @log LEFT JOIN @tasks AS t ON t.id = $1`),
		bounds: text("bounds", `SELECT `+position+` FROM @log`),
		read: text("read", `SELECT `+position+`, e.seq, e.type, e.id, e.time, e.task FROM @log LEFT JOIN LATERAL (
			SELECT *, `+sizeBefore("seq")+` FROM (
				SELECT seq, type, id, time, task FROM @events WHERE seq > $1 ORDER BY seq LIMIT $2) AS next
			) AS e ON e.before < $3 ORDER BY e.seq`),
		// low.n is the newest task beyond the limits. The size of a text is in its
		// header, so adding up sizes does not read the texts.
		searchWindow: text("search_window", `SELECT `+position+`, low.n, low.size, t.n, t.version, t.task FROM @log
			CROSS JOIN LATERAL (SELECT coalesce(max(n) FILTER (WHERE beyond), 0) AS n,
				coalesce(sum(size) FILTER (WHERE NOT beyond), 0)::bigint AS size FROM (
				SELECT n, size, row_number() OVER newest > $2::bigint OR sum(size) OVER newest - size >= $8::bigint AS beyond FROM (
					SELECT n, octet_length(search) AS size FROM @tasks WHERE n < $1 ORDER BY n DESC LIMIT $2::bigint + 1) AS next
				WINDOW newest AS (ORDER BY n DESC)) AS looked) AS low
			LEFT JOIN LATERAL (SELECT *, `+sizeBefore("n DESC")+` FROM (
				SELECT n, version, task FROM @tasks WHERE n < $1 AND n > low.n
				AND search LIKE $3 AND ($4::boolean OR completed = $5) ORDER BY n DESC LIMIT $6) AS next
			) AS t ON t.before < $7 ORDER BY t.n DESC`),
		searchIndex: planned(text("search_index", `WITH found AS MATERIALIZED (SELECT n FROM @tasks
				WHERE search LIKE $1::text AND n < $2::bigint AND ($3::boolean OR completed = $4::boolean) LIMIT $5::bigint),
			newest AS (SELECT n FROM found ORDER BY n DESC LIMIT $6::bigint),
			sized AS (SELECT n, version, task, `+sizeBefore("n DESC")+` FROM newest JOIN @tasks USING (n))
			SELECT (SELECT count(*) FROM found), n, version, task FROM sized WHERE before < $7::bigint ORDER BY n DESC`)),
		page:       page("page", ``),
		pageByDone: page("page_by_done", `AND completed = $4`),
		export: text("export", `SELECT n, version, task FROM (
			SELECT *, `+sizeBefore("n")+` FROM (
				SELECT n, version, task FROM @tasks WHERE n > $1 ORDER BY n LIMIT $2) AS next
			) AS t WHERE before < $3 ORDER BY n`),
		// The ids are read from their own index, which is small compared with the
		// tasks. An index of the ends of ids would slow down every write.
		pageByIDPart: page("page_by_id_part", `AND id = ANY (ARRAY(SELECT id FROM @tasks
			WHERE right(id, length($4::text)) = $4 OR left(id, length($4)) = $4)) AND ($5::boolean OR completed = $6)`),
	}
}

// position selects the bounds of the log: epoch, oldest event and newest event.
const position = `log.epoch, log.first, (SELECT coalesce(max(seq), 0) FROM @events)`

// sizeBefore is the size of all rows before one in the given order, so that no more is
// sent than a page holds.
func sizeBefore(order string) string {
	return `sum(octet_length(task)) OVER (ORDER BY ` + order + `) - octet_length(task) AS before`
}

func qualified(schema, sql string) string { return strings.ReplaceAll(sql, "@", quoted(schema)+".") }

// planned makes the server plan a statement for its arguments at each call.
func planned(s *statement) *statement {
	s.planned = true
	return s
}
