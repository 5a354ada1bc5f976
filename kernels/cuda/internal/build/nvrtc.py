"""Compiles one CUDA source to PTX with the NVRTC library of a Python wheel.

nvcc comes in wheels from CUDA 13 on only, whose PTX drivers of CUDA 12 refuse. NVRTC, the same compiler as a library,
has been in wheels for longer. Usage: nvrtc.py SOURCE OUT OPTION…; "nvrtc.py --version" prints the version.
"""

import ctypes
import importlib.metadata
import pathlib
import sys

PACKAGE = "nvidia-cuda-nvrtc-cu12"


def wheel(folder):
    """The folder of a wheel's files under the name space nvidia."""
    import nvidia

    return pathlib.Path(list(nvidia.__path__)[0]) / folder


def compile_ptx(lib, source, options):
    """PTX of a source; exits with the compiler's log if it has errors."""
    program = ctypes.c_void_p()
    name = str(source).encode()
    check(lib, lib.nvrtcCreateProgram(ctypes.byref(program), source.read_bytes(), name, 0, None, None))
    words = [o.encode() for o in options]
    status = lib.nvrtcCompileProgram(program, len(words), (ctypes.c_char_p * len(words))(*words))
    log = text(lib, program, "ProgramLog")
    if log:
        print(log, file=sys.stderr)
    check(lib, status)
    return text(lib, program, "PTX")


def text(lib, program, what):
    """A text that NVRTC has of a program."""
    size = ctypes.c_size_t()
    check(lib, getattr(lib, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    check(lib, getattr(lib, f"nvrtcGet{what}")(program, buffer))
    return buffer.value.decode().strip()


def check(lib, status):
    """Exits if a call of NVRTC failed."""
    if status != 0:
        lib.nvrtcGetErrorString.restype = ctypes.c_char_p
        sys.exit(f"NVRTC: {lib.nvrtcGetErrorString(status).decode()}")


def main():
    """Compiles the source of the command line."""
    if sys.argv[1:] == ["--version"]:
        print(importlib.metadata.version(PACKAGE))
        return
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lib = ctypes.CDLL(str(next(wheel("cuda_nvrtc").glob("lib/libnvrtc.so.*"))))
    options = [*sys.argv[3:], f"-I{wheel('cuda_runtime') / 'include'}", f"-I{source.parent}"]
    out.write_text(compile_ptx(lib, source, options) + "\n")


if __name__ == "__main__":
    main()
