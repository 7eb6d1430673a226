"""What ends a command: one sentence, what to do next, and the exit code."""

FAILED = 1
USAGE = 2
NOT_RUNNING = 3
NOT_POSSIBLE = 4


class CliError(Exception):
    """Shown as `groundcrew: <message>` and, below it, `<hint>`."""

    def __init__(self, message: str, code: int = FAILED, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
