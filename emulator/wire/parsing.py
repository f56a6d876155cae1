"""Read a request's parameters in each of AWS's protocols, once and strictly."""

import base64
import binascii
import io
from dataclasses import dataclass, field
from types import UnionType

from botocore.model import OperationModel, Shape
from botocore.parsers import RpcV2CBORParser
from moto.core.parse import (
    JSONParser,
    QueryParser,
    RequestParser,
    RequestParserError,
    RestJSONParser,
    RestXMLParser,
)
from moto.core.request import Request

from emulator.wire.documents import Document
from emulator.wire.errors import WireProtocol
from emulator.wire.http import strict_json

_UNREADABLE = (
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    RequestParserError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Parameters:
    """An operation's input as the SDK takes it; `problem` says why it could not be read."""

    values: Document = field(default_factory=dict)
    problem: str | None = None


def parameters(
    request: Request,
    body: bytes,
    operation: OperationModel,
    protocol: WireProtocol,
    uri_params: Document,
) -> Parameters:
    """Read the input of a moto request.

    What cannot be read leaves the parameters of the path alone, and so names no other resource.
    """
    try:
        if protocol == "cbor":
            return Parameters(_cbor(body))
        parser: RequestParser = _PARSERS[protocol](operation, map_type=dict, blob_parser=_decoded)
        values = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": uri_params,
            }
        )
    except _UNREADABLE as error:
        return Parameters(dict(uri_params), str(error) if isinstance(error, _TypeError) else "")
    return Parameters(values or {})


def _cbor(body: bytes) -> Document:
    document = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))
    if not isinstance(document, dict):
        raise TypeError
    return document


def _decoded(value: str | bytes) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError from error


class _TypeError(ValueError):
    """A JSON value of another type than the model's, in AWS's words.

    "STRING_VALUE can not be converted to an Integer" is on record (aws/aws-cdk pull request 27087).
    """

    def __init__(self, value: object, wanted: str = "") -> None:
        match value:
            case dict():
                text = "Start of structure or map found where not expected."
            case list():
                text = "Start of list found where not expected"
            case _ if not wanted:
                text = "Unexpected field type"
            case bool():
                text = f"{str(value).upper()}_VALUE can not be converted to {wanted}"
            case int() | float():
                text = f"NUMBER_VALUE can not be converted to {wanted}"
            case _:
                text = f"STRING_VALUE can not be converted to {wanted}"
        super().__init__(text)


class _Strict:
    """Types as they are in JSON: moto takes "5" for 5, and lets a body name a path's parameters."""

    def _parse_body_as_json(self, body: bytes) -> object:
        return strict_json(body) if body else {}

    def _parse_structure(self, shape: Shape, value: object) -> object:
        if shape.is_document_type:
            return value
        if not isinstance(value, dict):
            raise _TypeError(value)
        parsed = super()._parse_structure(shape, value)  # type: ignore[misc]  # moto's parser
        return {name: item for name, item in parsed.items() if not _location(shape.members[name])}

    def _parse_map(self, shape: Shape, value: object) -> object:
        if not isinstance(value, dict):
            raise _TypeError(value)
        return super()._parse_map(shape, value)  # type: ignore[misc]  # moto's parser

    def _parse_list(self, shape: Shape, value: object) -> object:
        if not isinstance(value, list) and not _location(shape):
            raise _TypeError(value)
        return super()._parse_list(shape, value)  # type: ignore[misc]  # moto's parser

    def _parse_string(self, shape: Shape, value: object) -> object:  # noqa: ARG002  # as moto calls it
        return _typed(value, str, "a String")

    def _parse_boolean(self, shape: Shape, value: object) -> object:
        if _location(shape):
            return {"true": True, "false": False}[str(value).lower()]
        return _typed(value, bool, "Boolean")

    def _parse_integer(self, shape: Shape, value: object) -> object:
        if _location(shape):
            return int(str(value))
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return _typed(value, int, "an Integer")

    def _parse_float(self, shape: Shape, value: object) -> object:
        return float(str(value) if _location(shape) else _typed(value, int | float, "a Float"))

    _parse_long = _parse_short = _parse_byte = _parse_integer
    _parse_double = _parse_float


def _location(shape: Shape) -> str | None:
    """Return where but in the body a member stands: header, querystring or uri."""
    where: str | None = shape.serialization.get("location")
    return where


def _typed[Kind](value: object, kind: type[Kind] | UnionType, wanted: str) -> Kind:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _TypeError(value, wanted)
    return value


class _Json(_Strict, JSONParser):  # type: ignore[misc]  # moto has no types
    def _parse_body_as_json(self, body: bytes) -> object:
        return strict_json(body)  # an SDK sends {} where there is nothing to say


class _RestJson(_Strict, RestJSONParser):  # type: ignore[misc]  # moto has no types
    pass


_PARSERS: dict[WireProtocol, type[RequestParser]] = {
    "json": _Json,
    "query": QueryParser,
    "rest-json": _RestJson,
    "rest-xml": RestXMLParser,
}
