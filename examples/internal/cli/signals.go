package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruption is the signal that ended a context: its cause.
type interruption struct{ signal syscall.Signal }

// stopping are the signals that ask a program to stop: Ctrl-C, a closed terminal,
// and what docker stop, Slurm and init systems send. On Windows Ctrl-C and
// Ctrl-Break are SIGINT, and a closed console, the end of a session and a
// shutdown are SIGTERM.
var stopping = map[syscall.Signal]string{
	syscall.SIGINT: "interrupted", syscall.SIGHUP: "interrupted by SIGHUP", syscall.SIGTERM: "interrupted by SIGTERM",
}

func (i interruption) Error() string { return stopping[i.signal] }

// Is makes it what the end of a context is.
func (i interruption) Is(target error) bool { return target == context.Canceled }

// status is the exit status that shells give a program which a signal has ended.
func (i interruption) status() int { return 128 + int(i.signal) }

// mercy is how long after the second signal a program may still end by itself:
// timeout(1) sends its signal twice, and a shell repeats that of its terminal.
const mercy = 500 * time.Millisecond

// stoppable is a context that the first signal ends. The second ends the program,
// whatever it is doing. A SIGHUP that was ignored when the program began, as
// under nohup, remains so.
func stoppable(name string) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, len(stopping))
	for s := range stopping {
		if s != syscall.SIGHUP || !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		first, _ := (<-signals).(syscall.Signal)
		cancel(interruption{first})
		second, _ := (<-signals).(syscall.Signal)
		go fmt.Fprintf(os.Stderr, "%s: interrupted again; a hidden temporary file may be left\n", name) // perhaps nobody reads
		time.Sleep(mercy)
		os.Exit(interruption{second}.status())
	}()
	return ctx
}

// reportBrokenPipes lets a write to a standard output whose reader has gone fail,
// so that a program ends in good order rather than by SIGPIPE.
func reportBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// Await is what do gives or, as soon as the context ends, the context's error. It
// is for what knows no context and may wait for ever, such as for the writer of a
// pipe. What do has begun is then left behind, so it must leave nothing half done.
func Await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
