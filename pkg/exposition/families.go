package exposition

// The types of metrics.
const (
	counter   = "counter"
	gauge     = "gauge"
	histogram = "histogram"
	summary   = "summary"
)

// Family describes the metrics with one name.
type Family struct {
	Type string
	Help string
}

// Families describes every metric, by name.
func Families() map[string]Family {
	return map[string]Family{
		"taskctl_build_info": {gauge, "The version of the program and of Go; always 1."},

		// The components, as their launcher reports them to the API.
		"taskctl_launcher_up":                     {gauge, "Whether a launcher answers the API: 1 or 0. Without one there are no metrics of components."},
		"taskctl_component_state":                 {gauge, "1 for the state of the component, 0 for all other states."},
		"taskctl_component_restarts_total":        {counter, "Restarts of the component since the launcher started."},
		"taskctl_component_last_exit_info":        {gauge, "How the component last ended; always 1. Absent while it has not ended."},
		"taskctl_component_resident_memory_bytes": {gauge, "Resident memory of all processes of the component."},
		"taskctl_component_cpu_percent":           {gauge, "CPU usage of all processes of the component; 100 is one core."},
		"taskctl_store_ready":                     {gauge, "Whether the store can be read and written: 1 or 0."},
		"taskctl_store_lag_events":                {gauge, "Events that this machine has not read from the store yet."},
		"taskctl_broker_ready":                    {gauge, "Whether the broker, which speeds notifications up, is connected: 1 or 0."},
		"taskctl_broker_lag_events":               {gauge, "Events that the broker has not delivered to this machine yet."},

		// The API.
		"taskctl_http_requests_total":           {counter, "Requests, by route and status."},
		"taskctl_http_requests_in_flight":       {gauge, "Requests that are being answered, including event streams."},
		"taskctl_http_request_duration_seconds": {histogram, "Time to answer a request, by route; without event streams."},
		"taskctl_event_streams":                 {gauge, "Open streams of server-sent events."},
		"taskctl_event_stream_events_total":     {counter, "Events sent on event streams."},
		"taskctl_events_first_seq":              {gauge, "Number of the oldest event in the log."},
		"taskctl_events_last_seq":               {gauge, "Number of the newest event in the log."},
		"taskctl_store_queued_writes":           {gauge, "Writes that wait for the store."},
		"taskctl_store_commit_writes":           {histogram, "Writes in one commit."},
		"taskctl_store_commit_duration_seconds": {histogram, "Time of a commit, synced to disk."},

		// Between the API and the notification server.
		"taskctl_link_up":                   {gauge, "Whether the API and the notification server are connected: 1 or 0."},
		"taskctl_link_events_sent_total":    {counter, "Events sent to the notification servers."},
		"taskctl_link_events_dropped_total": {counter, "Events not sent because the link was down or full; the notification server reads them from the log."},

		// The notification server.
		"taskctl_clients":               {gauge, "Connected clients."},
		"taskctl_clients_refused_total": {counter, "Clients refused because the limit was reached."},
		"taskctl_events_total":          {counter, "Events received, from the link or from the log."},
		"taskctl_last_seq":              {gauge, "Number of the newest event that clients can get."},
		"taskctl_deliveries_total":      {counter, "Events sent to clients."},
		"taskctl_delivery_writes_total": {counter, "Writes that sent these events."},
		"taskctl_ring_bytes":            {gauge, "Memory of the newest events."},
		"taskctl_ring_limit_bytes":      {gauge, "Limit of this memory (wsserver.ring_bytes)."},
		"taskctl_history_bytes":         {gauge, "Memory of older events for clients that are behind."},
		"taskctl_catchup_reads_total":   {counter, "Reads of the log for clients that are behind."},
		"taskctl_resets_total":          {counter, "Clients told that their position cannot be resumed."},
		"taskctl_slow_closes_total":     {counter, "Clients closed because they accepted no byte or answered no ping."},

		// PostgreSQL.
		"taskctl_postgres_round_trips_total":       {counter, "Round trips to the database."},
		"taskctl_postgres_pool_connections":        {gauge, "Open connections to the database."},
		"taskctl_postgres_pool_connections_in_use": {gauge, "Connections to the database that are in use."},
		"taskctl_postgres_pool_connections_max":    {gauge, "Limit of connections to the database."},
		"taskctl_postgres_pool_waits_total":        {counter, "Requests that waited for a connection to the database."},
		"taskctl_postgres_writer_up":               {gauge, "Whether the connection that writes is open: 1 or 0."},

		// The process.
		"go_gc_duration_seconds":                 {summary, "Pauses of the garbage collector."},
		"go_gomaxprocs":                          {gauge, "Cores that Go uses."},
		"go_goroutines":                          {gauge, "Goroutines."},
		"go_info":                                {gauge, "The version of Go; always 1."},
		"go_memstats_alloc_bytes":                {gauge, "Memory of live objects."},
		"go_memstats_alloc_bytes_total":          {counter, "Memory allocated."},
		"go_memstats_frees_total":                {counter, "Objects freed."},
		"go_memstats_heap_idle_bytes":            {gauge, "Heap memory without objects."},
		"go_memstats_heap_inuse_bytes":           {gauge, "Heap memory with objects."},
		"go_memstats_heap_objects":               {gauge, "Live objects."},
		"go_memstats_heap_released_bytes":        {gauge, "Heap memory returned to the system."},
		"go_memstats_mallocs_total":              {counter, "Objects allocated."},
		"go_memstats_next_gc_bytes":              {gauge, "Heap size at which the garbage collector runs next."},
		"go_memstats_stack_inuse_bytes":          {gauge, "Memory of stacks."},
		"go_memstats_sys_bytes":                  {gauge, "Memory obtained from the system."},
		"go_threads":                             {gauge, "Threads of the Go runtime."},
		"process_cpu_seconds_total":              {counter, "CPU time, user and system."},
		"process_io_read_bytes_total":            {counter, "Bytes read, from any kind of file."},
		"process_io_written_bytes_total":         {counter, "Bytes written, to any kind of file."},
		"process_io_storage_read_bytes_total":    {counter, "Bytes read from storage."},
		"process_io_storage_written_bytes_total": {counter, "Bytes written to storage."},
		"process_major_pagefaults_total":         {counter, "Page faults that needed storage."},
		"process_max_fds":                        {gauge, "Limit of open files."},
		"process_open_fds":                       {gauge, "Open files."},
		"process_num_threads":                    {gauge, "Threads."},
		"process_resident_memory_bytes":          {gauge, "Resident memory."},
		"process_start_time_seconds":             {gauge, "Start of the process, in Unix seconds."},
		"process_virtual_memory_bytes":           {gauge, "Virtual memory."},
	}
}
