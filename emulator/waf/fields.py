"""Request components: what a statement inspects, and what WAF does when it cannot.

Source: AWS WAF Developer Guide, "Request components in AWS WAF" and "Oversize web request
components in AWS WAF".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.waf.json_body import ParsedJson, parse, pointer
from emulator.waf.transforms import TRANSFORMS
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpRequest

HEADER_BYTES_LIMIT = 8192
HEADER_COUNT_LIMIT = 200

NameValue = tuple[bytes, bytes]


class Selected(NamedTuple):
    """The texts to inspect; `verdict` decides instead when WAF does not look at them.

    `names` is the field's name of each text, where it has one that logs may show.
    """

    texts: list[bytes]
    verdict: bool | None = None
    names: list[str] | None = None


_NOTHING = Selected([])
_DECODED = ("URL_DECODE_UNI", "HTML_ENTITY_DECODE")


def to_bytes(text: str) -> bytes:
    """Return the bytes that came over the wire; the server decoded them as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


@dataclass
class Inspection:
    """One request under inspection: its parts, parsed once, and what the rules learn about it."""

    request: HttpRequest
    body_limit: int
    labels: dict[str, None] = field(default_factory=dict)
    details: list[JsonObject] = field(default_factory=list)
    rates: list[JsonObject] = field(default_factory=list)
    oversize: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers: list[NameValue] = [
            (to_bytes(name.strip()), to_bytes(value)) for name, value in self.request.headers
        ]
        self.path = to_bytes(self.request.path)
        self.query = to_bytes(self.request.query)
        self.method = to_bytes(self.request.method)
        self.body = self.request.body[: self.body_limit]
        self.body_is_oversize = len(self.request.body) > self.body_limit
        self._json: ParsedJson | None = None
        self._texts: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
        self._selected: dict[str, Selected] = {}
        self._readings: dict[str, tuple[bytes, ...]] = {}

    def header(self, name: bytes) -> list[bytes]:
        """Return every value of a header, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def json(self) -> ParsedJson:
        """The inspected part of the body as JSON."""
        if self._json is None:
            self._json = parse(self.body)
        return self._json

    @property
    def arguments(self) -> list[NameValue]:
        """The query string's arguments, still encoded."""
        pairs = (part.partition(b"=") for part in self.query.split(b"&") if part)
        return [(name, value) for name, _, value in pairs]

    @property
    def cookies(self) -> list[NameValue]:
        """The cookies, in order."""
        parts = (part for value in self.header(b"cookie") for part in value.split(b";"))
        pairs = (part.strip().partition(b"=") for part in parts if part.strip())
        return [(name, value) for name, _, value in pairs]

    def select(self, component: "Field") -> Selected:
        """Return what a component holds, worked out once per request."""
        known = self._selected.get(component.key)
        if known is None:
            known = self._selected[component.key] = component.read(self)
        return known

    def texts(self, component: "Field", transforms: tuple[str, ...]) -> list[bytes]:
        """Return a component's texts after the transformations; shared chains are applied once."""
        if not transforms:
            return self.select(component).texts
        key = (component.key, transforms)
        known = self._texts.get(key)
        if known is None:
            apply = TRANSFORMS[transforms[-1]]
            known = [apply(text) for text in self.texts(component, transforms[:-1])]
            self._texts[key] = known
        return known

    def readings(self, component: "Field") -> tuple[bytes, ...]:
        """Return what a component says, as received and decoded: each text once, none empty."""
        known = self._readings.get(component.key)
        if known is None:
            texts = (*self.texts(component, ()), *self.texts(component, _DECODED))
            known = tuple(dict.fromkeys(text for text in texts if text))
            self._readings[component.key] = known
        return known


Read = Callable[[Inspection], Selected]
"""Returns what a component of a request holds."""


@dataclass(frozen=True)
class Field:
    """A compiled FieldToMatch."""

    key: str
    location: str
    read: Read


class UnsupportedError(ValueError):
    """Something that this emulator cannot inspect."""


def compile_field(shape: Document) -> Field:
    """Compile a FieldToMatch in boto3's shape.

    Raises:
        UnsupportedError: a component that this emulator does not know.
    """
    ((kind, options),) = shape.items()
    if kind not in _KINDS:
        raise UnsupportedError(f"the request component {kind} is not inspected")
    location, build = _KINDS[kind]
    return Field(f"{kind} {options!r}", location, build(options or {}))


def _always(read: Callable[[Inspection], bytes]) -> Callable[[Document], Read]:
    return lambda _: lambda inspection: Selected([read(inspection)])


def _single_header(options: Document) -> Read:
    name = options["Name"].strip().lower()
    wanted = name.encode()

    def read(inspection: Inspection) -> Selected:
        texts = inspection.header(wanted)
        return Selected(texts, names=[name] * len(texts))

    return read


def _argument(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _all_query_arguments(_: Document) -> Read:
    def read(inspection: Inspection) -> Selected:
        arguments = inspection.arguments
        return Selected(
            [value for _, value in arguments], names=[_argument(name) for name, _ in arguments]
        )

    return read


def _oversize(
    inspection: Inspection, name: str, options: Document, *, is_over: bool
) -> Selected | None:
    """Return the verdict for a component over its limit; None means look at what fits."""
    if not is_over:
        return None
    inspection.oversize[name] = None
    handling = options.get("OversizeHandling") or "CONTINUE"
    return None if handling == "CONTINUE" else Selected([], handling == "MATCH")


def _body(options: Document) -> Read:
    def read(inspection: Inspection) -> Selected:
        over = inspection.body_is_oversize
        verdict = _oversize(inspection, "REQUEST_BODY", options, is_over=over)
        return verdict or Selected([inspection.body])

    return read


def _json_body(options: Document) -> Read:
    paths = options["MatchPattern"].get("IncludedPaths")
    pointers = None if paths is None else [pointer(path) for path in paths]
    scope = options["MatchScope"]
    fallback = options.get("InvalidFallbackBehavior")

    def read(inspection: Inspection) -> Selected:
        over = inspection.body_is_oversize
        verdict = _oversize(inspection, "REQUEST_JSON_BODY", options, is_over=over)
        if verdict:
            return verdict
        if not inspection.body:
            return _NOTHING  # no body is a missing component, not a parsing error
        document = inspection.json
        if not document.valid and fallback:
            if fallback == "EVALUATE_AS_STRING":
                return Selected([inspection.body])
            return Selected([], fallback == "MATCH")
        return Selected(document.select(scope, pointers))

    return read


def _within_limits(pairs: list[NameValue]) -> tuple[list[NameValue], bool]:
    """Keep what WAF can inspect of headers or cookies: 8 KB, 200 of them."""
    kept: list[NameValue] = []
    left = HEADER_BYTES_LIMIT
    for name, value in pairs:
        if len(kept) == HEADER_COUNT_LIMIT or left <= 0:
            return kept, True
        kept.append((name[:left], value[: max(0, left - len(name))]))
        left -= len(name) + len(value)
    return kept, left < 0


def _map(
    read_pairs: Callable[[Inspection], list[NameValue]], name: str, *, fold: bool
) -> Callable[[Document], Read]:
    def build(options: Document) -> Read:
        if "All" not in options["MatchPattern"]:
            raise UnsupportedError("headers and cookies are inspected all together only")
        scope = options["MatchScope"]

        def read(inspection: Inspection) -> Selected:
            pairs, over = _within_limits(read_pairs(inspection))
            verdict = _oversize(inspection, name, options, is_over=over)
            if verdict:
                return verdict
            texts: list[bytes] = []
            names: list[str] = []
            for key, value in pairs:
                known = key.lower() if fold else key
                parts = ([key] if scope in {"ALL", "KEY"} else []) + (
                    [value] if scope in {"ALL", "VALUE"} else []
                )
                texts.extend(parts)
                names.extend([_argument(known)] * len(parts))
            return Selected(texts, names=names)

        return read

    return build


_KINDS: Mapping[str, tuple[str, Callable[[Document], Read]]] = {
    "SingleHeader": ("HEADER", _single_header),
    "Headers": (
        "HEADER",
        _map(lambda i: i.headers, "REQUEST_HEADERS", fold=True),
    ),
    "Cookies": (
        "COOKIE",
        _map(lambda i: i.cookies, "REQUEST_COOKIES", fold=False),
    ),
    "UriPath": ("URI", _always(lambda i: i.path)),
    "QueryString": ("QUERY_STRING", _always(lambda i: i.query)),
    "AllQueryArguments": ("ALL_QUERY_ARGS", _all_query_arguments),
    "Method": ("METHOD", _always(lambda i: i.method)),
    "Body": ("BODY", _body),
    # AWS reports the location of a match in a JSON body as UNKNOWN.
    "JsonBody": ("UNKNOWN", _json_body),
}
