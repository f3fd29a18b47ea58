"""A process on a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

Start = Callable[..., "subprocess.Popen[bytes]"]

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process on a terminal of some width."""

    def __init__(self, process: Start, folder: Path, *arguments: object, columns: int = 80) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = process(folder, arguments, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.output = ""

    def read_until(self, done: Callable[[str], bool], seconds: float = 30.0) -> str:
        until = time.monotonic() + seconds
        while not done(self.output) and time.monotonic() < until:
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            if ready:
                try:
                    got = os.read(self.ours, 65536)
                except OSError:  # the other end is closed: the process is over
                    break
                if not got:
                    break
                self.output += got.decode(errors="replace")
        return ESCAPES.sub("", self.output)

    def code(self) -> int:
        self.read_until(lambda _: False)
        os.close(self.ours)
        return self.process.wait(30)
