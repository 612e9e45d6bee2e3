package ports_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"taskctl/launcher/ports"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
)

func TestBind(t *testing.T) {
	cfg := config.Default()
	cfg.API.Addr = "127.0.0.1:0"
	free, err := ports.Bind(t.Context(), ports.SettingOf(cfg, config.API), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	cfg.API.Addr = free.Addr
	_, err = ports.Bind(t.Context(), ports.SettingOf(cfg, config.API), nil)
	var taken *ports.TakenError
	if !errors.As(err, &taken) {
		t.Fatalf("a port in use: %v", err)
	}
	if taken.Component != config.API || taken.Key != "api.addr" || taken.Addr != free.Addr || taken.Holder.PID != int32(os.Getpid()) {
		t.Errorf("taken: %+v", taken)
	}
	if text := taken.Error(); !strings.Contains(text, taken.Holder.Command) || !strings.Contains(text, "api") {
		t.Errorf("it reads %q", text)
	}
	var busy *listen.BusyError
	if !errors.As(err, &busy) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestSettings(t *testing.T) {
	cfg := config.Default()
	if s := ports.SettingOf(cfg, config.Consumer); s != (ports.Setting{}) {
		t.Errorf("the consumer listens on %v", s)
	}
	if all := ports.Settings(cfg); len(all) != 2 || all[0].Addr != "localhost:8765" || all[1].Addr != "localhost:8001" {
		t.Errorf("settings: %v", all)
	}
}

func TestHolderText(t *testing.T) {
	seen := ports.Holder{PID: 7, Command: "nc -l 8001", User: "ana"}
	for _, tt := range []struct{ got, want string }{
		{seen.String(), "pid 7 (nc -l 8001), user ana"},
		{seen.Text(message.English), message.English.PortHolder(7, "nc -l 8001", "ana")},
		{ports.Holder{}.String(), "a process that this user cannot see"},
		{ports.Holder{}.Text(message.Spanish), message.Spanish.PortHolderUnknown()},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
