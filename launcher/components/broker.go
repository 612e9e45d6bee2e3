package components

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/broker/direct"
	"taskctl/pkg/broker/nats"
	"taskctl/pkg/broker/notice"
	"taskctl/pkg/broker/postgres"
	"taskctl/pkg/broker/rabbitmq"
	"taskctl/pkg/broker/redis"
	"taskctl/pkg/config"
	database "taskctl/pkg/store/postgres"
	"taskctl/pkg/task"
)

// publisher notifies other processes of the events of an api.
type publisher interface {
	task.Publisher
	Connected() bool
	Run(ctx context.Context) error
}

// broker is the api's end of the broker in the settings: it publishes this node's
// events, and receives those of other nodes.
type broker struct {
	publisher
	store   *store        // set once the store is open, after the publisher was created
	node    string        // the publisher's name in its notices; empty: there is only one node
	notices notice.Config // only used if node is not empty
}

// newBroker wires the broker; it connects in Run.
func newBroker(cfg *config.Config, env Env, set *metrics.Set, log *slog.Logger) (*broker, error) {
	if cfg.UsedBroker() != config.BrokerDirect {
		b := &broker{}
		b.notices = noticeConfig(cfg, b.connect)
		p := notice.NewPublisher(b.notices, set, log)
		b.publisher, b.node = p, p.Node()
		return b, nil
	}
	p, err := direct.NewPublisher(direct.Config{
		URL: cfg.LinkURL(), TokenFile: cfg.LinkToken(), TLS: cfg.ClientTLS(),
		OnLink: func(up bool) {
			if up {
				env.byHand(env.Lang.APILinked(cfg.WebSocket()))
			} else {
				env.byHand(env.Lang.APIWaiting(cfg.WebSocket()))
			}
		},
	}, set, log)
	return &broker{publisher: p}, err
}

// NotifyNodes makes all machines over one PostgreSQL read the log now. It is for a process
// that has written to the database itself.
func NotifyNodes(ctx context.Context, cfg *config.Config) (err error) {
	o := cfg.PostgresOptions()
	o.ReadOnly = true
	s, err := database.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return notice.Notify(ctx, noticeConfig(cfg, s.Connect))
}

// NotifyServer makes the notification server of this machine read the log now.
func NotifyServer(ctx context.Context, cfg *config.Config) error {
	return direct.Notify(ctx, direct.Config{URL: cfg.LinkURL(), TokenFile: cfg.LinkToken(), TLS: cfg.ClientTLS()})
}

// noticesName is the subject, channel or exchange that all systems share; each notice
// names its system.
const noticesName = "taskctl"

// noticeConfig is the connection to the broker in the settings, for several machines.
// connect connects to the store's database.
func noticeConfig(cfg *config.Config, connect postgres.Connect) notice.Config {
	if b := brokerServer(cfg); b != nil {
		return notice.Config{Broker: b, System: databaseName(connect, cfg.Postgres.Schema)}
	}
	return notice.Config{ // NOTIFY never leaves its database, so the schema is name enough
		Broker: postgres.Broker{Connect: connect, Channel: cfg.Postgres.Schema},
		System: func(context.Context) (string, error) { return cfg.Postgres.Schema, nil },
	}
}

// brokerServer is the server in the settings that only carries notices; nil: there is
// none.
func brokerServer(cfg *config.Config) notice.Broker {
	switch cfg.UsedBroker() {
	case config.BrokerNATS:
		return nats.Broker{URL: cfg.NATS.URL, CAFile: cfg.BrokerCA(cfg.NATS), Subject: noticesName}
	case config.BrokerRedis:
		return redis.Broker{URL: cfg.Redis.URL, CAFile: cfg.BrokerCA(cfg.Redis), Channel: noticesName}
	case config.BrokerRabbitMQ:
		return rabbitmq.Broker{URL: cfg.RabbitMQ.URL, CAFile: cfg.BrokerCA(cfg.RabbitMQ), Exchange: noticesName}
	}
	return nil
}

// CheckBroker checks that notices arrive through the broker's server, if it has one of
// its own.
func CheckBroker(ctx context.Context, cfg *config.Config) error {
	b := brokerServer(cfg)
	if b == nil {
		return nil
	}
	return notice.Check(ctx, b)
}

// databaseName returns a function that asks the server, once, for an identifier of the
// database. It is the same on every machine and for every address of the server.
func databaseName(connect postgres.Connect, schema string) func(context.Context) (string, error) {
	var mu sync.Mutex
	var name string
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if name != "" {
			return name, nil
		}
		conn, err := connect(ctx, nil)
		if err != nil {
			return "", err
		}
		defer func() { _ = conn.Close(ctx) }() // the answer has been read
		const sql = "SELECT system_identifier || '/' || encode(convert_to(current_database(), 'UTF8'), 'hex') FROM pg_control_system()"
		result := conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
		if result.Err != nil {
			return "", fmt.Errorf("name of the database: %w", result.Err)
		}
		name = string(result.Rows[0][0]) + "/" + schema
		return name, nil
	}
}

func (b *broker) connect(ctx context.Context, notified func(string)) (*pgconn.PgConn, error) {
	return b.store.connect(ctx, notified)
}

// subscriber delivers the events of this node, and those of other nodes if there are
// any.
func (b *broker) subscriber(own task.Subscriber, log *slog.Logger) task.Subscriber {
	if b.node == "" {
		return own
	}
	return &subscribers{own: own, others: notice.NewSubscriber(b.notices, b.node, log)}
}

// subscribers combines two task.Subscribers.
type subscribers struct {
	own, others task.Subscriber
	mu          sync.Mutex // batches are delivered one at a time
}

// Subscribe implements task.Subscriber.
func (s *subscribers) Subscribe(ctx context.Context, deliver func(string, []task.Event), missed func()) error {
	serialized := func(epoch string, events []task.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		deliver(epoch, events)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	for _, sub := range []task.Subscriber{s.own, s.others} {
		go func() { ended <- sub.Subscribe(ctx, serialized, missed) }()
	}
	err := <-ended
	cancel()
	if other := <-ended; err == nil {
		err = other
	}
	return err
}

// Connected reports whether the events of other nodes arrive at once.
func (s *subscribers) Connected() bool {
	c, ok := s.others.(interface{ Connected() bool })
	return !ok || c.Connected()
}
