package show

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// open makes a pseudo-terminal: its file for a program, what sets its width, and
// what gives all that a function writes to it.
func open(t *testing.T) (tty *os.File, resize func(columns int), read func(func()) string) {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Skip("no pseudo-terminal: ", err)
		}
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	fail(err)
	t.Cleanup(func() { master.Close() })
	fail(unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	fail(err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	fail(err)
	t.Cleanup(func() { tty.Close() })
	resize = func(columns int) {
		if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
			t.Fatal(err)
		}
	}
	read = func(write func()) string {
		const end = "\x00"
		write()
		fmt.Fprint(tty, end)
		var all strings.Builder
		for buffer := make([]byte, 4096); ; {
			n, err := master.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			if all.Write(buffer[:n]); strings.HasSuffix(all.String(), end) {
				return strings.TrimSuffix(all.String(), end)
			}
		}
	}
	return tty, resize, read
}
