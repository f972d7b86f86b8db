"""What the stages raise on purpose."""


class PipelineError(Exception):
    """Bad input: a setting, the data or the model. Exit code 2.

    The message says what was found, what was expected, and the next command.
    """

    exit_code = 2


class UnsealedError(PipelineError):
    """The kernel cannot seal a stage that has to run sealed. Exit code 4."""

    exit_code = 4
