"""The errors of Bedrock's runtime, with the status and the text that AWS has for each."""

from emulator.wire.errors import AwsError

ERRORS = {
    "AccessDeniedException": (403, "You don't have access to the model with that model ID."),
    "InternalServerException": (500, "The system encountered an unexpected error."),
    "ModelErrorException": (424, "The request failed due to an error while processing the model."),
    "ModelNotReadyException": (429, "The model is not ready for inference."),
    "ModelTimeoutException": (408, "The request took too long to process."),
    "ResourceNotFoundException": (404, "The specified resource ARN was not found."),
    "ServiceUnavailableException": (503, "Bedrock is unable to process your request."),
    "ThrottlingException": (429, "Too many requests, please wait before trying again."),
    "ValidationException": (400, "The request is not valid."),
}


class RuntimeApiError(AwsError):
    """A request that Bedrock refuses; the text and the status are AWS's own unless given."""

    def __init__(self, code: str, message: str | None = None, status: int | None = None) -> None:
        known_status, known_message = ERRORS.get(code, (400, ""))
        super().__init__(status or known_status, code, message or known_message)
