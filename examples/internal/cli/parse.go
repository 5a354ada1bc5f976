package cli

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Parser reads command lines, as kong does and beyond it:
//
//   - A value may begin with a hyphen, such as -1 or "-5 degrees".
//   - What looks like a flag is never taken for the value of the flag before it;
//     where it is meant it is written --flag=--value.
//   - No value is empty, but those of flags with the tag empty.
//   - Flags of the type seed are numbers for torch's generators.
type Parser struct{ *kong.Kong }

// NewParser is the parser of a program's flags, a pointer to a struct with kong's
// tags. It panics where these contradict each other.
func NewParser(name, description string, flags any, options ...kong.Option) Parser {
	return Parser{kong.Must(flags, append(options, kong.Name(name), kong.Description(description),
		kong.ShortUsageOnError(), kong.NamedMapper("seed", kong.MapperFunc(decodeSeed)))...)}
}

// parseOrExit reads the program's own command line. Where it is wrong it says so
// and ends the process with status 80.
func (p Parser) parseOrExit() *kong.Context {
	ctx, err := p.Parse(os.Args[1:])
	p.FatalIfErrorf(err)
	return ctx
}

// Parse reads a command line.
func (p Parser) Parse(args []string) (*kong.Context, error) {
	args, err := p.withValues(args)
	if err != nil {
		return nil, usageError{err}
	}
	return p.Kong.Parse(args)
}

// usageError has the exit status of kong's own errors.
type usageError struct{ error }

func (usageError) ExitCode() int { return 80 }

// looksLikeFlag is the form of what is meant as a flag, known or not.
var looksLikeFlag = regexp.MustCompile(`^(-h|--|--[A-Za-z][A-Za-z0-9-]*(=.*)?)$`)

// withValues puts each flag and its value into one argument. It returns an error
// for a value that is missing or empty.
func (p Parser) withValues(args []string) ([]string, error) {
	known := map[string]*kong.Flag{}
	collect(p.Model.Node, known)
	var joined []string
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		flag := known[name]
		if flag == nil || flag.IsBool() {
			joined = append(joined, args[i]) // also what is no flag
			continue
		}
		if !given {
			if i++; i == len(args) {
				return nil, fmt.Errorf("%s: its value is missing at the end of the command line", name)
			}
			if value = args[i]; looksLikeFlag.MatchString(value) {
				return nil, fmt.Errorf("%s: its value is missing, %s follows (if that is the value, write %s=%s)", name, value, name, value)
			}
		}
		if value == "" && !flag.Tag.Has("empty") {
			return nil, fmt.Errorf("%s: its value is empty; leave %s out where nothing is meant", name, name)
		}
		joined = append(joined, name+"="+value)
	}
	return joined, nil
}

// collect finds the flags of a command and of those below it.
func collect(node *kong.Node, known map[string]*kong.Flag) {
	for _, f := range node.Flags {
		known["--"+f.Name] = f
	}
	for _, child := range node.Children {
		collect(child, known)
	}
}

// decodeSeed reads a seed: a number of 64 bits, decimal or hexadecimal.
func decodeSeed(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("seed")
	if err != nil {
		return err
	}
	seed, err := parseSeed(fmt.Sprint(token.Value))
	target.SetUint(seed)
	return err
}

func parseSeed(text string) (uint64, error) {
	digits, base := text, 10
	if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		digits, base = hex, 16
	}
	seed, err := strconv.ParseUint(digits, base, 64)
	if err == nil {
		return seed, nil
	}
	const want = "seeds are whole numbers from 0 to 18446744073709551615, or 0x0 to 0xffffffffffffffff"
	if n, err := strconv.ParseInt(text, 10, 64); err == nil { // below 0
		return 0, fmt.Errorf("%s: %s; torch takes %s for %d", text, want, strconv.FormatUint(uint64(n), 10), n)
	}
	return 0, fmt.Errorf("%s: %s", strconv.Quote(text), want)
}
