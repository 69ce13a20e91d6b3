"""What the local stack says when it cannot go on: always one line that a person can act on."""


class StackError(Exception):
    """One line for the terminal: what is wrong and what helps."""


class AlreadyRunningError(StackError):
    """`up` was asked for a stack that already runs."""
