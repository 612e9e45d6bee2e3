package postgres

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/store/schemascript"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the scripts in order; the nth brings a schema to version n.
func migrations() ([]string, error) { return schemascript.Read(migrationFiles, "migrations") }

// ensure creates the schema, or migrates it to this version. It inspects the schema
// before it writes, and does not change one that it refuses. Several nodes may do this
// at once.
func ensure(c *conn, o Options) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	version, err := schemaVersion(c, o.Schema)
	if err != nil {
		return err
	}
	if version > len(scripts) {
		return &ServerError{Problem: Newer}
	}
	if version == len(scripts) {
		return c.checkRights(o)
	}
	if err := migrate(c, o.Schema, scripts); err != nil {
		return err
	}
	return c.checkRights(o)
}

// schemaVersion is the number of migrations of the schema; 0 if it does not exist.
func schemaVersion(c *conn, schema string) (version int, err error) {
	// Not to_regclass, which may miss tables that were created since this connection
	// last looked them up.
	there, err := c.value(`SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = ` + literal(schema) + ` AND c.relname = 'migrations')`)
	if err != nil || there != "t" {
		return 0, err
	}
	text, err := c.value(`SELECT count(*) FROM ` + quoted(schema) + `.migrations`)
	if err == nil {
		_, err = fmt.Sscan(text, &version)
	}
	return version, err
}

// value returns the first column of the first row, as text.
func (c *conn) value(sql string) (string, error) {
	if err := c.deadline(); err != nil {
		return "", err
	}
	c.trips.increment()
	results, err := c.pg.Exec(context.Background(), sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// migrate brings the schema to the newest version in one transaction. Only one node at
// a time holds the lock; the others then find the new version.
func migrate(c *conn, schema string, scripts []string) error {
	lock := fmt.Sprintf(`BEGIN; SET LOCAL statement_timeout = 0;
		SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))`, literal(lockName(schema)))
	err := c.exec(lock)
	var version int
	if err == nil {
		version, err = schemaVersion(c, schema)
	}
	if err == nil && version < len(scripts) {
		err = c.exec(migration(schema, version, scripts))
	}
	if err == nil {
		return c.exec("COMMIT")
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42P07" { // a table of this name exists
		err = &ServerError{Problem: Foreign}
	}
	return errors.Join(err, c.exec("ROLLBACK"))
}

// lockName names the advisory locks of a schema.
func lockName(schema string) string { return "taskctl/" + schema }

// migration is the SQL that brings a schema from a version to the newest.
func migration(schema string, version int, scripts []string) string {
	var sql strings.Builder
	if version == 0 {
		var epoch [8]byte
		_, _ = rand.Read(epoch[:]) // never fails
		fmt.Fprintf(&sql, `DO $$ BEGIN
			IF to_regnamespace(%[1]s) IS NULL THEN CREATE SCHEMA %[2]s; END IF; END $$;
			CREATE TABLE %[2]s.migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
			SET LOCAL search_path = %[2]s;
			%[3]s; INSERT INTO log VALUES (1, '%[4]s', 1, '');
			INSERT INTO migrations VALUES (1);`,
			literal(quoted(schema)), quoted(schema), scripts[0], hex.EncodeToString(epoch[:]))
		version = 1
	}
	fmt.Fprintf(&sql, "SET LOCAL search_path = %s;", quoted(schema))
	for ; version < len(scripts); version++ {
		fmt.Fprintf(&sql, "%s; INSERT INTO migrations VALUES (%d);", scripts[version], version+1)
	}
	sql.WriteString(functions(schema))
	return sql.String()
}

//go:embed functions.sql
var functionsScript string

// functions is the SQL that creates or replaces the functions of a schema. Their texts
// contain its name, so it must run again after the schema is renamed.
func functions(schema string) string {
	_, body, _ := strings.Cut(functionsScript, "CREATE ") // without the comment, in which "@" does not mean the schema
	return qualified(schema, "CREATE "+body)
}

// checkRights returns an error if the user lacks a right on one of the tables.
func (c *conn) checkRights(o Options) error {
	needed := `('SELECT')`
	if !o.ReadOnly {
		needed = `('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')`
	}
	missing, err := c.value(fmt.Sprintf(`SELECT string_agg(r || ' on ' || t, ', ')
		FROM (VALUES %s) AS needed (r), unnest(ARRAY['log', 'events', 'tasks', 'keys']) AS t
		WHERE NOT has_table_privilege(%s || t, r)`, needed, literal(quoted(o.Schema)+".")))
	if err == nil && missing != "" {
		err = &ServerError{Problem: NoRights, Detail: "no right to " + missing}
	}
	return err
}
