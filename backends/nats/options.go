package nats

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Options configure a [Backend]. Nil and the zero value mean the defaults.
type Options struct {
	// Bucket is the name of the key-value bucket: letters, digits, hyphens and
	// underscores. The default is "sessions". All keys in it belong to the backend.
	Bucket string

	// Domain is the JetStream domain of the bucket, for a server that is reached
	// through a leaf node. The default is the connected server's own.
	Domain string

	// Replicas is the number of servers of a cluster on which [Backend.Migrate]
	// keeps the bucket: 1, 3 or 5. 0 means 1 for a new bucket, and leaves an
	// existing one as it is. A bucket with one replica is lost with its server.
	Replicas int

	// SweepEvery is the interval at which expired records and markers are deleted
	// in the background, by one of all instances, if the server does not do that
	// itself. 0 means five minutes, and a negative value means never.
	SweepEvery time.Duration

	// OnSweep, if not nil, is called after each background sweep with the number of
	// deleted records and the error that ended the sweep early, if any.
	OnSweep func(deleted int, err error)
}

const (
	defaultBucket     = "sessions"
	defaultSweepEvery = 5 * time.Minute
)

var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// withDefaults returns the options that o points at, completed, and what is wrong
// with them.
func (o *Options) withDefaults() (Options, error) {
	var options Options
	if o != nil {
		options = *o
	}
	if options.Bucket == "" {
		options.Bucket = defaultBucket
	}
	if options.SweepEvery == 0 {
		options.SweepEvery = defaultSweepEvery
	}
	switch {
	case !bucketName.MatchString(options.Bucket):
		return options, errors.New("nats: Options.Bucket must have 1 to 128 letters, digits, hyphens and underscores")
	case options.Domain != "" && !bucketName.MatchString(options.Domain):
		return options, errors.New("nats: Options.Domain must have 1 to 128 letters, digits, hyphens and underscores")
	case options.Replicas < 0 || options.Replicas > 5:
		return options, fmt.Errorf("nats: Options.Replicas is %d: use 1, 3 or 5, or 0 for the default", options.Replicas)
	case options.SweepEvery > 0 && options.SweepEvery < time.Second:
		return options, fmt.Errorf("nats: Options.SweepEvery is %v: use at least a second, 0 for the default, or less than 0 for never", options.SweepEvery)
	}
	return options, nil
}
