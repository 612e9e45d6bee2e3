package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// text is a setting whose value check accepts.
func text(key, doc string, check func(string) error, field func(*Config) *string) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return *field(c) },
		set: func(c *Config, s string) error {
			if err := check(s); err != nil {
				return err
			}
			*field(c) = s
			return nil
		},
	}
}

func address(key, doc string, field func(*Config) *string) setting {
	return text(key, doc, checkAddress, field)
}

// choice accepts one of the words. An empty word means the default, and error
// messages do not list it.
func choice(key, doc string, field func(*Config) *string, choices ...string) setting {
	return text(key, doc, func(s string) error {
		if slices.Contains(choices, s) {
			return nil
		}
		return choiceError(slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == "" }))
	}, field)
}

func secret(s setting) setting {
	s.secret = true
	return s
}

// masked is a setting that is shown only in part.
func masked(s setting, mask func(string) string) setting {
	s.mask = mask
	return s
}

// flag is a setting that is true or false.
func flag(key, doc string, field func(*Config) *bool) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return strconv.FormatBool(*field(c)) },
		set: func(c *Config, s string) error {
			if s != "true" && s != "false" {
				return choiceError{"true", "false"}
			}
			*field(c) = s == "true"
			return nil
		},
	}
}

// list is values with commas between them, each as parse returns it.
func list(key, doc string, parse func(string) (string, error), field func(*Config) *[]string) setting {
	return setting{
		key: key, doc: doc, isList: true,
		get: func(c *Config) string { return strings.Join(*field(c), ",") },
		set: func(c *Config, s string) error {
			var items []string
			for item := range strings.SplitSeq(s, ",") {
				if item = strings.TrimSpace(item); item == "" {
					continue
				}
				item, err := parse(item)
				if err != nil {
					return err
				}
				items = append(items, item)
			}
			*field(c) = items
			return nil
		},
	}
}

func count(key, doc string, least int, field func(*Config) *int) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return strconv.Itoa(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = countFrom(least)(s); return err },
	}
}

func duration(key, doc string, field func(*Config) *time.Duration) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return FormatDuration(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = positive(ParseDuration)(s); return err },
	}
}

func size(key, doc string, field func(*Config) *int64) setting {
	return setting{
		key: key, doc: doc,
		get: func(c *Config) string { return FormatSize(*field(c)) },
		set: func(c *Config, s string) (err error) { *field(c), err = positive(ParseSize)(s); return err },
	}
}
