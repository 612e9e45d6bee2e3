// Package userprocess turns the settings of the user's own components into processes,
// and finds the problems that keep them from running on this machine.
package userprocess

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"

	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
)

// New returns the process of one of the user's own components. It returns
// config.Problems for a mistake that only this machine can show, such as an unknown
// user.
func New(c config.Component, cfg *config.Config, environ []string) (supervisor.Process, error) {
	dir := c.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(cfg.Dir, dir)
	}
	process := supervisor.Process{
		Path: c.Command[0], Args: c.Command[1:], Dir: dir, OpenStdin: c.OpenStdin,
	}
	if c.User != "" {
		who, variables, err := userNamed(c)
		if err != nil {
			return process, err
		}
		process.User, environ = who, append(environ[:len(environ):len(environ)], variables...)
	}
	if c.EnvFile != "" {
		path := c.EnvFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		variables, err := config.ReadEnvFile(path)
		if err != nil {
			return process, err
		}
		environ = append(environ[:len(environ):len(environ)], variables...)
	}
	process.Env = environment(environ, cfg, c.Env)
	if c.Ready.Log != "" || c.Ready.Given() {
		process.Ready = &supervisor.Check{HTTP: c.Ready.HTTP, TCP: c.Ready.TCP, Exec: c.Ready.Exec}
		if c.Ready.Log != "" {
			process.Ready.Log = regexp.MustCompile(regexp.QuoteMeta(c.Ready.Log))
		}
	}
	return process, nil
}

// userNamed looks up the user that a component runs as, and returns it with its
// environment variables. It returns nil for the launcher's own user.
func userNamed(c config.Component) (*supervisor.User, []string, error) {
	fail := func(why func(message.Lang) string) (*supervisor.User, []string, error) {
		return nil, nil, config.Problems{c.Problem(func(l message.Lang) string { return l.ComponentUser(c.Name, c.User, why(l)) })}
	}
	found, err := user.Lookup(c.User)
	if err != nil {
		byID, idErr := user.LookupId(c.User)
		if idErr != nil {
			return fail(func(message.Lang) string { return err.Error() })
		}
		found = byID
	}
	uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil { // as on Windows
		return fail(func(message.Lang) string { return err.Error() })
	}
	if int(uid) == os.Geteuid() {
		return nil, nil, nil
	}
	if os.Geteuid() != 0 {
		return fail(func(l message.Lang) string { return l.OnlyRoot() })
	}
	who := &supervisor.User{UID: uint32(uid), GID: uint32(gid)}
	groups, err := found.GroupIds()
	if err != nil {
		return fail(func(message.Lang) string { return err.Error() })
	}
	for _, id := range groups {
		if group, err := strconv.ParseUint(id, 10, 32); err == nil {
			who.Groups = append(who.Groups, uint32(group))
		}
	}
	return who, []string{"HOME=" + found.HomeDir, "USER=" + found.Username, "LOGNAME=" + found.Username}, nil
}

// environment is the environment of one of the user's own components: that of the
// launcher without secrets, the addresses of the system, and the variables of the
// component's settings. It turns off the output buffer of Python programs, because a
// buffered line reaches the log late, and may never reach a ready check.
func environment(environ []string, cfg *config.Config, own map[string]string) []string {
	env := append([]string{"PYTHONUNBUFFERED=1"}, config.WithoutSecrets(environ)...)
	env = append(env, "TASKCTL_DIR="+cfg.Dir)
	if cfg.Runs(config.API) {
		env = append(env, "TASKCTL_API_URL="+cfg.APIURL())
	}
	if cfg.Runs(config.WSServer) {
		env = append(env, config.Env("websocket_url")+"="+cfg.LocalWebSocket())
	}
	for name, value := range own {
		env = append(env, name+"="+value)
	}
	return env
}
