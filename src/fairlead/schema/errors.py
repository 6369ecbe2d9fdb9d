"""The error tree: each error says what happened, where, and what to do.

FairleadError
├── SourceError     bytes could not be read or recognised
├── ConfigError     a setting or an argument is wrong
├── EngineError     the workspace cannot be opened, written or trusted
├── ConflictError   the store refused: a rule of its tables would be broken
└── RefusedError    a person may not do this, or not now, or not to this version

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


class ConflictError(FairleadError):
    exit_code = 5


class RefusedError(FairleadError):
    """`reason` is one word for machines and the ledger, such as `own_referral` or `expired`."""

    exit_code = 4

    def __init__(self, message: str, *, reason: str, help: str = "") -> None:
        super().__init__(message, help=help)
        self.reason = reason
