"""Compares backups with the database that they were made of, by a SQLite of its own.

usage: check_backup.py LIVE BACKUP=EPOCH:SEQ...
"""

import sqlite3
import sys

failed = False


def expect(backup, what, got, want):
    global failed
    if got != want:
        failed = True
        print(f"{backup}: {what}: {got!r}, want {want!r}")


for argument in sys.argv[2:]:
    backup, position = argument.split("=")
    epoch, seq = position.split(":")
    seq = int(seq)
    db = sqlite3.connect(f"file:{backup}?mode=ro", uri=True)
    one = lambda sql: db.execute(sql).fetchone()
    expect(backup, "integrity", one("PRAGMA integrity_check"), ("ok",))
    expect(backup, "epoch", one("SELECT epoch FROM log"), (epoch,))
    expect(backup, "events", one("SELECT min(seq), max(seq), count(*) FROM events"), (1, seq, seq))
    db.execute("ATTACH ? AS live", (f"file:{sys.argv[1]}?mode=ro",))
    changed = one("SELECT count(*) FROM main.events b LEFT JOIN live.events l USING (seq, type, n, id, time, task) WHERE l.seq IS NULL")
    expect(backup, "events that the database does not have", changed, (0,))
    # The tasks are those that the events say, no more and no less.
    folded = """SELECT e.id, e.task FROM main.events e JOIN (SELECT max(seq) AS seq FROM main.events GROUP BY id) USING (seq)
        WHERE type <> 'task_deleted'"""
    tasks = "SELECT id, task FROM main.tasks"
    expect(backup, "tasks beyond the events", one(f"SELECT count(*) FROM ({tasks} EXCEPT {folded})"), (0,))
    expect(backup, "tasks that are missing", one(f"SELECT count(*) FROM ({folded} EXCEPT {tasks})"), (0,))
    db.close()

sys.exit(failed)
