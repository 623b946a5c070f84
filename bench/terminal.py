"""A terminal of the bench's own: a program in a pty, and what stands on its screen, and when."""

import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from fcntl import ioctl
from types import TracebackType

from rich.cells import cell_len

TOKEN = re.compile(
    r"\x1b\[(?P<args>[<-?]?[\d;:]*)[ -/$]*(?P<end>[@-~])"  # CSI
    r"|\x1b[\]P_^X].*?(?:\x07|\x1b\\)"  # OSC, DCS and their like: nothing that is seen
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)


class Screen:
    """So much of a terminal as Textual uses: moves, erases, text, and what is reversed."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.lines = [[" "] * width for _ in range(height)]
        self.reversed = [[False] * width for _ in range(height)]
        self._x = self._y = 0
        self._reverse = False
        self._rest = ""

    def feed(self, text: str) -> None:
        """What the program wrote."""
        text = self._rest + text
        self._rest = ""
        at = 0
        while found := TOKEN.match(text, at):
            at = found.end()
            if found["text"]:
                self._write(found["text"])
            elif found["control"]:
                self._control(found["control"])
            elif found["end"]:
                self._command(found["args"], found["end"])
        self._rest = text[at:]

    def _write(self, text: str) -> None:
        for char in text:
            size = cell_len(char)
            if self._x + size > self.width or self._y >= self.height or not size:
                continue
            self.lines[self._y][self._x] = char
            self.reversed[self._y][self._x] = self._reverse
            for more in range(1, size):
                self.lines[self._y][self._x + more] = ""
            self._x += size

    def _control(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char == "\n":
            self._y = min(self._y + 1, self.height - 1)

    def _command(self, args: str, end: str) -> None:
        numbers = [int(part) for part in re.split("[;:]", args) if part.isdigit()]
        if end in "Hf":
            row, column = [*numbers, 1, 1][:2]
            self._y, self._x = min(row, self.height) - 1, min(column, self.width) - 1
        elif end == "J" and numbers[:1] == [2]:
            self.lines = [[" "] * self.width for _ in range(self.height)]
        elif end == "m" and args[:1] not in ("<", ">", "?"):
            self._style(numbers)

    def _style(self, numbers: list[int]) -> None:
        numbers = numbers or [0]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):  # a colour follows: five or three numbers in all
                del numbers[: 4 if numbers[:1] == [2] else 2]
            elif number in (0, 27):
                self._reverse = False
            elif number == 7:
                self._reverse = True

    def text(self) -> str:
        """Line by line."""
        return "\n".join("".join(line) for line in self.lines)

    def cursor_line(self) -> str:
        """The line that is reversed nearly whole: the row that the cursor is on; else nothing."""
        for line, marks in zip(self.lines, self.reversed, strict=True):
            if sum(marks) > self.width // 3:
                return "".join(line)
        return ""


class Terminal:
    """A program in a terminal of that size."""

    def __init__(self, command: list[str], env: dict[str, str], size: tuple[int, int]) -> None:
        self.screen = Screen(*size)
        self.written = 0
        """Bytes that the program has written."""
        self._changed = threading.Condition()
        self._ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        os.close(self._ours)

    def _read(self) -> None:
        held = b""
        while True:
            try:
                got = os.read(self._ours, 1 << 16)
            except OSError:  # the program has ended
                return
            if not got:
                return
            held += got
            whole = held.decode("utf-8", "ignore")
            held = held[len(whole.encode()) :]
            with self._changed:
                self.written += len(got)
                self.screen.feed(whole)
                self._changed.notify_all()

    def press(self, keys: str) -> float:
        """Type; returns the moment."""
        at = time.perf_counter()
        os.write(self._ours, keys.encode())
        return at

    def when(self, true: Callable[[Screen], object], seconds: float = 30.0) -> float | None:
        """The moment at which that is on the screen; None if it does not come in that time."""
        with self._changed:
            if self._changed.wait_for(lambda: true(self.screen), seconds):
                return time.perf_counter()
        return None

    def sees(self, word: str, seconds: float = 30.0) -> float:
        """The moment at which the word is on the screen. Raises AssertionError if it never is."""
        at = self.when(lambda screen: word in screen.text(), seconds)
        assert at is not None, f"never saw {word!r}:\n{self.screen.text()}"
        return at
