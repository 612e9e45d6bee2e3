package main

import (
	"context"
	"errors"
	"time"

	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
)

// cleanReport is what `logs clean --json` prints: what there was, and what was
// done, or with --dry-run would be done.
type cleanReport struct {
	DryRun     bool          `json:"dry_run"`
	Files      []cleanFile   `json:"files"`
	Actions    []cleanAction `json:"actions"`
	FreedBytes int64         `json:"freed_bytes"`
}

// cleanFile is a log file that was found.
type cleanFile struct {
	Kind       logfile.Kind `json:"kind"` // current, rotated, stray or foreign
	Path       string       `json:"path"`
	Bytes      int64        `json:"bytes"`
	ModifiedAt time.Time    `json:"modified_at"`
}

// cleanAction is one step.
type cleanAction struct {
	Action logfile.Op `json:"action"` // empty, delete or move
	Path   string     `json:"path"`
	To     string     `json:"to,omitempty"` // where it was moved
	Bytes  int64      `json:"bytes"`
}

// newCleanReport tells of the files that were found and of steps.
func newCleanReport(found logfile.Inventory, steps []logfile.Action, freed int64) cleanReport {
	report := cleanReport{Files: []cleanFile{}, Actions: []cleanAction{}, FreedBytes: freed}
	for _, f := range found.Files {
		report.Files = append(report.Files, cleanFile{Kind: f.Kind, Path: f.Path, Bytes: f.Size, ModifiedAt: f.Time.UTC()})
	}
	for _, a := range steps {
		report.Actions = append(report.Actions, cleanAction{Action: a.Op, Path: a.File.Path, To: a.To, Bytes: a.File.Size})
	}
	return report
}

// cleanLogsJSON carries the plan out and reports it.
func (p *program) cleanLogsJSON(ctx context.Context, cfg *config.Config, found logfile.Inventory, plan logfile.Plan) error {
	result, err := plan.Apply(p.emptier(ctx, cfg))
	return errors.Join(printJSON(p.stdout, newCleanReport(found, result.Done, result.Freed)), err)
}
