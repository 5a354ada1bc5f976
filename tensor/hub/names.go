package hub

import (
	"errors"
	"strings"
)

// devices are names that Windows takes for devices, in any folder and with any extension.
var devices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}

// checkName returns an error unless a path of a repository is, on every system, that of a file below the folder which it
// is put into. Whoever can write the hub's list of files would else write where he likes.
func checkName(name string) error {
	if name == "" || len(name) > 500 {
		return errors.New("the path is empty, or longer than 500 bytes")
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f || strings.ContainsRune(`\:*?"<>|`, c) {
			return errors.New(`the path has one of \ : * ? " < > | or a control character`)
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if err := checkPart(part); err != nil {
			return err
		}
	}
	return nil
}

func checkPart(part string) error {
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch {
	case part == "":
		return errors.New("the path is absolute, or a part of it is empty")
	case part == "." || part == "..":
		return errors.New("the path leads out of its folder")
	case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
		return errors.New("a part of the path ends with a dot or a space, which Windows leaves out")
	case isOneOf(stem, devices), isNumbered(stem):
		return errors.New("a part of the path is a device on Windows")
	}
	return nil
}

// isNumbered reports whether a name is one of COM1 to LPT9; the raised digits ¹ ² ³ count, too.
func isNumbered(stem string) bool {
	rest, found := strings.CutPrefix(stem, "COM")
	if !found {
		rest, found = strings.CutPrefix(stem, "LPT")
	}
	runes := []rune(rest)
	return found && len(runes) == 1 && strings.ContainsRune("0123456789¹²³", runes[0])
}
