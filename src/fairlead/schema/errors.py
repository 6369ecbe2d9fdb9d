"""The error tree: each error says what happened, where, and what to do.

FairleadError
├── SourceError     bytes could not be read or recognised
├── ConfigError     a setting or an argument is wrong
└── EngineError     the workspace cannot be opened, written or trusted

Bad rows are data, not exceptions: they go to `rejects` with a reason and are counted.
"""


class FairleadError(Exception):
    """`message` says what and where, in lower case; `help` says what to do."""

    exit_code = 1

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class SourceError(FairleadError):
    exit_code = 3


class ConfigError(FairleadError):
    exit_code = 2


class EngineError(FairleadError):
    exit_code = 5
