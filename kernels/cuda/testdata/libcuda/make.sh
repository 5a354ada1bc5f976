#!/usr/bin/env bash
# Builds a libcuda for linking and testing on machines without an NVIDIA driver: fake.c, and for all other functions
# that cuda.h declares a stub that finds no device. A name that the header lacks does not link.
#   make.sh OUT OPTION…    the folder for libcuda.so.1 and its link libcuda.so; the compiler's options to find cuda.h
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
mkdir -p "$out"
echo '#include <cuda.h>' | gcc -E "$@" - | grep -oE '\bcu[A-Z][A-Za-z0-9_]+ ?\(' | tr -d ' (' | sort -u |
	sed 's/.*/__attribute__((weak)) int &(void) { return 100; }/' >"$out/stubs.c"
gcc -shared -fPIC -O1 "$@" -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$here/fake.c" "$out/stubs.c"
ln -sf libcuda.so.1 "$out/libcuda.so"
