"""Why a program cannot go on."""


class ToolkitError(Exception):
    """What a person has to mend. The text says what happened, why, and what to do."""
