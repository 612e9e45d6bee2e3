package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"taskctl/pkg/bench"
	"taskctl/pkg/screen"
)

func (p *program) renderRest(r *bench.RestReport) string {
	var b strings.Builder
	p.heading(&b, r.Machine, r.Interrupted)
	fmt.Fprintf(&b, "%s\n\n", p.lang.BenchRestTitle(r.Method, r.Load.Connections, r.BodyBytes))
	rows := [][]string{p.rateHeader()}
	if r.EchoBefore != nil {
		rows = append(rows, p.loadRow(p.lang.BenchEchoBefore(), *r.EchoBefore))
	}
	rows = append(rows, p.loadRow(r.Method, r.Load))
	if r.EchoAfter != nil {
		rows = append(rows, p.loadRow(p.lang.BenchEchoAfter(), *r.EchoAfter))
	}
	b.WriteString(p.table(rows))
	if r.Ratio > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.lang.BenchRatio(r.Ratio))
	}
	p.servers(&b, r.Servers)
	p.failures(&b, r.Load)
	if r.Made > 0 {
		fmt.Fprintf(&b, "%s\n", p.lang.BenchTasks(r.Made, r.Cleaned))
	}
	return b.String()
}

func (p *program) renderFanout(r *bench.FanoutReport) string {
	var b strings.Builder
	p.heading(&b, r.Machine, r.Interrupted)
	d := r.Delivered
	fmt.Fprintf(&b, "%s\n\n", p.lang.BenchFanoutTitle(r.Mode, d.Clients, r.Created.Requests, d.MessageBytes, r.Rate))
	rows := [][]string{p.rateHeader(), p.loadRow(p.lang.BenchCreated(), r.Created), p.deliveryRow(p.lang.BenchDelivered(), d)}
	if r.Limit != nil {
		rows = append(rows, p.rawRow(p.lang.BenchRaw(r.Limit.MessagesPerWrite), *r.Limit))
	}
	if r.Disk != nil {
		rows = append(rows, p.diskRow(*r.Disk))
	}
	b.WriteString(p.table(rows))
	b.WriteByte('\n')
	if r.Ratio > 0 {
		fmt.Fprintf(&b, "%s\n", p.lang.BenchFanoutRatio(r.Ratio))
	}
	fmt.Fprintf(&b, "%s\n", p.lang.BenchFaithful(d.Deliveries, d.Lost, d.Repeated))
	if r.Late != nil {
		fmt.Fprintf(&b, "%s\n", p.lang.BenchLate(p.tookMicros(r.Late.P99), p.tookMicros(r.Late.Max)))
	}
	fmt.Fprintf(&b, "%s\n", p.lang.BenchConnected(d.Clients, p.lang.Took(time.Duration(r.Connect.Seconds*float64(time.Second))), r.Connect.PerSecond))
	for _, idle := range r.Connect.Idle {
		fmt.Fprintf(&b, "%s\n", p.lang.BenchIdle(idle.Name, p.lang.Bytes(int64(idle.Each))))
	}
	p.servers(&b, r.Servers)
	p.failures(&b, r.Created)
	fmt.Fprintf(&b, "%s\n", p.lang.BenchTasks(r.Made, r.Cleaned))
	return b.String()
}

func (p *program) renderLimits(r *bench.LimitsReport) string {
	var b strings.Builder
	p.heading(&b, r.Machine, r.Interrupted)
	rows := [][]string{p.rateHeader()}
	for _, echo := range r.Echo {
		rows = append(rows, p.loadRow(p.lang.BenchEcho(echo.Connections), echo))
	}
	for _, disk := range r.Disk {
		rows = append(rows, p.diskRow(disk))
	}
	for _, raw := range r.Raw {
		rows = append(rows, p.rawRow(p.lang.BenchRaw(raw.MessagesPerWrite), raw))
	}
	b.WriteString(p.table(rows))
	return b.String()
}

func (p *program) heading(b *strings.Builder, m bench.Machine, interrupted bool) {
	if interrupted {
		fmt.Fprintf(b, "%s\n", p.lang.BenchInterrupted())
	}
	fmt.Fprintf(b, "%s\n", p.lang.BenchMachine(m.CPUs, m.CPU, m.OS, m.Go))
}

func (p *program) table(rows [][]string) string {
	return screen.Table("  ", screen.Width(p.stdout), rows)
}

func (p *program) rateHeader() []string {
	return []string{"", p.lang.BenchPerSecond(), "p50", "p90", "p99", p.lang.BenchMax(), p.lang.BenchOwnCPU(), p.lang.BenchServerCPU()}
}

func (p *program) loadRow(name string, l bench.Load) []string {
	return p.rateRow(name, l.PerSecond, l.Latency, l.ClientCPU, l.PeerCPU)
}

func (p *program) deliveryRow(name string, d bench.Delivery) []string {
	return p.rateRow(name, d.PerSecond, d.Latency, d.ClientCPU, 0)
}

func (p *program) rawRow(name string, r bench.RawReport) []string {
	return p.rateRow(name, r.PerSecond, r.Latency, r.ClientCPU, r.PeerCPU)
}

func (p *program) diskRow(d bench.Disk) []string {
	return p.rateRow(p.lang.BenchDisk(d.Kind, d.Bytes), d.PerSecond, d.Latency, 0, 0)
}

func (p *program) rateRow(name string, perSecond float64, l bench.Latency, cpus ...float64) []string {
	row := []string{name, fmt.Sprintf("%.0f", perSecond)}
	for _, us := range []float64{l.P50, l.P90, l.P99, l.Max} {
		if l.Count == 0 {
			row = append(row, "-")
		} else {
			row = append(row, p.tookMicros(us))
		}
	}
	for _, us := range cpus {
		if us == 0 {
			row = append(row, "-")
		} else {
			row = append(row, p.lang.Number("%.2f µs", us))
		}
	}
	return row
}

// servers renders the CPU and memory of the system's processes.
func (p *program) servers(b *strings.Builder, all []bench.Usage) {
	if len(all) == 0 {
		return
	}
	rows := [][]string{{p.lang.BenchProcess(), p.lang.BenchServerCPU(), p.lang.BenchMemory()}}
	for _, u := range all {
		rows = append(rows, []string{u.Name, p.lang.Number("%.2f µs", u.CPUPer), p.memory(u.RSSBefore) + " → " + p.memory(u.RSSAfter)})
	}
	fmt.Fprintf(b, "\n%s\n", p.table(rows))
}

// failures renders the requests that failed.
func (p *program) failures(b *strings.Builder, l bench.Load) {
	if len(l.Errors) == 0 {
		return
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		kinds = append(kinds, fmt.Sprintf("%s: %d", kind, l.Errors[kind]))
	}
	fmt.Fprintf(b, "%s\n", p.lang.BenchErrors(strings.Join(kinds, ", "), l.ErrorSample))
}

func (p *program) tookMicros(us float64) string {
	return p.lang.Took(time.Duration(us * float64(time.Microsecond)))
}
