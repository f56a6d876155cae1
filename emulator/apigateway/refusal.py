"""A refusal of API Gateway's API, with its status and its name."""

from emulator.wire.errors import AwsError


class RefusalError(AwsError):
    """A refusal in AWS's words."""

    def __init__(self, message: str, status: int = 400, code: str = "BadRequestException") -> None:
        super().__init__(status, code, message)


def not_found(message: str) -> RefusalError:
    """Refuse for something that is not there."""
    return RefusalError(message, 404, "NotFoundException")


def conflict(message: str) -> RefusalError:
    """Refuse for something that is there already, or is in use."""
    return RefusalError(message, 409, "ConflictException")
