package nn

import (
	"os"
	"strconv"
	"strings"
)

// availableMemory is what the system could still give to this process, in
// bytes, swap included; 0 where it cannot be told. A limit of a control group
// counts as well, less what is in use there beside its page cache.
func availableMemory() int64 {
	info := numbersIn("/proc/meminfo", 1024)
	have := info["MemAvailable"] + info["SwapFree"]
	const group = "/sys/fs/cgroup/"
	limit, current := numberIn(group+"memory.max"), numberIn(group+"memory.current")
	if limit <= 0 || current <= 0 {
		return have
	}
	stat := numbersIn(group+"memory.stat", 1)
	free := max(limit-current+stat["inactive_file"]+stat["active_file"], 1)
	if have == 0 {
		return free
	}
	return min(have, free)
}

// numberIn is the number that a file holds, 0 if it holds none.
func numberIn(path string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil { // "max"
		return 0
	}
	return n
}

// numbersIn reads lines of a name and a number, times unit.
func numbersIn(path string, unit int64) map[string]int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	numbers := map[string]int64{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			numbers[strings.TrimSuffix(fields[0], ":")] = n * unit
		}
	}
	return numbers
}
