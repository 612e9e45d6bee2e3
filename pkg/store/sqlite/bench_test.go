package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// BenchmarkWrite is tasks created, each synced, by 1 and by 64 writers at once.
func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			var commits atomic.Int64
			s := open(b, Options{OnCommit: func(int, time.Duration) { commits.Add(1) }})
			b.SetParallelism((writers + 1) / 2) // times GOMAXPROCS
			if writers == 1 {
				b.ReportAllocs()
				for b.Loop() {
					addTask(b, s, "a task", "of the usual length, which is a line or so")
				}
				return
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					addTask(b, s, "a task", "of the usual length, which is a line or so")
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(float64(b.N)/float64(commits.Load()), "writes/commit")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, Options{})
	ids := fill(b, s, 1000)
	for _, parallel := range []bool{false, true} {
		b.Run(fmt.Sprintf("parallel=%v", parallel), func(b *testing.B) {
			b.ReportAllocs()
			if !parallel {
				for i := 0; b.Loop(); i++ {
					if _, _, err := s.Get(b.Context(), ids[i%len(ids)]); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, _, err := s.Get(b.Context(), ids[i%len(ids)]); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// sizes of stores to list; TASKCTL_BENCH_TASKS adds one, such as 1000000.
func sizes(b *testing.B) []int {
	all := []int{1000}
	if more, err := strconv.Atoi(os.Getenv("TASKCTL_BENCH_TASKS")); err == nil {
		all = append(all, more)
	}
	return all
}

func BenchmarkList(b *testing.B) {
	done := true
	for _, size := range sizes(b) {
		s := open(b, Options{})
		begun := time.Now()
		fill(b, s, size)
		filled := time.Now()
		awaitIndex(b, s)
		b.Logf("%d tasks: written in %v, indexed in %v more", size, filled.Sub(begun), time.Since(filled))
		for name, q := range map[string]task.Query{
			"newest": {Limit: 100},
			"done":   {Limit: 100, Completed: &done},
			"middle": {Limit: 100, Cursor: task.FormatCursor(int64(size / 2))},
			"find":   {Limit: 100, Contains: "Task 7"},
			"absent": {Limit: 100, Contains: "no such text"},
			"short":  {Limit: 100, Contains: "zq"},
			"letter": {Limit: 100, Contains: "e", Completed: &done},
		} {
			b.Run(fmt.Sprintf("tasks=%d/%s", size, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.List(b.Context(), q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	s := open(b, Options{})
	fill(b, s, 10_000)
	for _, limit := range []int{1, 1000} {
		b.Run(fmt.Sprintf("events=%d", limit), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				events, _, err := s.Read(b.Context(), task.Position{Seq: 5000}, limit)
				if err != nil || len(events) != limit {
					b.Fatal(len(events), err)
				}
			}
		})
	}
}

func addTask(t testing.TB, s *Store, title, description string) task.Result {
	r, err := s.Write(t.Context(), task.Change{
		Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values(title, description, false),
	})
	if err != nil {
		t.Error(err)
	}
	return r
}

// fill makes tasks, one in a thousand of them done, and returns their ids.
func fill(t testing.TB, s *Store, count int) []string {
	t.Helper()
	ids := make([]string, count)
	next := make(chan int)
	done := make(chan struct{})
	const writers = 256
	for range writers {
		go func() {
			for i := range next {
				ids[i] = storetest.NewID(t)
				_, err := s.Write(t.Context(), task.Change{
					Kind: task.Create, ID: ids[i],
					Patch: storetest.Values(fmt.Sprintf("task %d", i), fmt.Sprintf("which is the %dth of so many that are like it", i), i%1000 == 0),
				})
				if err != nil {
					t.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	for i := range count {
		next <- i
	}
	close(next)
	for range writers {
		<-done
	}
	return ids
}

// BenchmarkOpen is opening and closing: a missing file, and one with tasks.
func BenchmarkOpen(b *testing.B) {
	cycle := func(b *testing.B, path string) {
		s, err := Open(b.Context(), Options{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("missing", func(b *testing.B) {
		dir := b.TempDir()
		for i := 0; b.Loop(); i++ {
			cycle(b, filepath.Join(dir, strconv.Itoa(i), "tasks.db"))
		}
	})
	for _, tasks := range []int{100, 2000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "tasks.db")
			s, err := Open(b.Context(), Options{Path: path})
			if err != nil {
				b.Fatal(err)
			}
			fill(b, s, tasks)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				cycle(b, path)
			}
		})
	}
}
