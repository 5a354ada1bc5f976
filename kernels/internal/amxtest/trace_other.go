//go:build !linux || !amd64

package amxtest

import "testing"

func trace(t *testing.T) { t.Skip("AMX is emulated on linux/amd64 only") }
