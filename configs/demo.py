"""`make demo`: starts a Python interpreter with numpy, and pictures its memory with demo.yaml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "demo"

# What the interpreter does: arrays to be found again in its picture, and the permission to be
# read by another process, which Yama restricts to ancestors (prctl 0x59616d61, any process: -1).
PROGRAM = """
import ctypes, sys
import numpy
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
ramp = numpy.tile(numpy.arange(256, dtype=numpy.uint8), 4096)
noise = numpy.random.default_rng(7).integers(0, 256, 1 << 20, dtype=numpy.uint8)
waves = numpy.sin(numpy.arange(1 << 18) / 99)
text = b"Every byte is a pixel. " * 20000
print("ready", flush=True)
sys.stdin.read()
"""


def main() -> int:
    """Builds the demo and prints where to open it."""
    if sys.platform != "linux":
        print("the demo reads a live process, which works on Linux only", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Its work space is empty memory, 32 MiB a thread, and would be most of the map.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    ) as program:
        assert program.stdout is not None
        if program.stdout.readline() != "ready\n":
            print("the demo program did not start", file=sys.stderr)
            return 1
        (FOLDER / "demo.pid").write_text(f"{program.pid}\n")
        print(f"picturing process {program.pid}: {sys.executable} with numpy")
        command = [sys.executable, "-m", "memtiles", "build", str(HERE / "demo.yaml")]
        code = subprocess.run(command, check=False).returncode
        program.terminate()
    return code


if __name__ == "__main__":
    sys.exit(main())
