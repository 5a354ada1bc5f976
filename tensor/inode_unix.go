//go:build unix

package tensor

import (
	"os"

	"golang.org/x/sys/unix"
)

// inode is what the system notes about a file beside its size and its time of
// modification, which may be set to what they were.
type inode struct {
	changed unix.Timespec // the inode or the contents, by whatever call
	status  [4]uint64     // permissions, user, group, number of names
}

func inodeOf(f *os.File) (inode, error) {
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return inode{}, os.NewSyscallError("fstat", err)
	}
	return inode{s.Ctim, [4]uint64{uint64(s.Mode), uint64(s.Uid), uint64(s.Gid), uint64(s.Nlink)}}, nil
}

// rewritten reports whether something was done to the file until now that
// permissions, owners and names do not explain.
func (i inode) rewritten(now inode) bool { return i.changed != now.changed && i.status == now.status }
