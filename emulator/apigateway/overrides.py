"""The part of Velocity that a response template here may be made of: conditional header overrides.

`#if($input.params('A') == 'x' || …)#set($context.responseOverride.header.B = 'y')#end`, repeated.
Sources: API Gateway Developer Guide, "Override your API's request and response parameters and
status codes" and "Variables for data transformations".
"""

import re

from emulator.apigateway.exchange import Exchange
from emulator.apigateway.responses import GatewayError

_TEST = r"\$input\.params\('([^']+)'\)\s*==\s*'([^'$#]*)'"
_BLOCK = re.compile(
    rf"\s*#if\(\s*({_TEST}(?:\s*\|\|\s*{_TEST})*)\s*\)"
    r"\s*#set\(\s*\$context\.responseOverride\.header\.([\w-]+)\s*=\s*'([^'$#]*)'\s*\)\s*#end"
)


def overrides(template: str, exchange: Exchange) -> dict[str, str] | None:
    """Return the headers that a template sets; None for a template that does something else.

    Raises GatewayError for a header that is set twice, as AWS does.
    """
    headers: dict[str, str] = {}
    at = 0
    while block := _BLOCK.match(template, at):
        at = block.end()
        tests = re.findall(_TEST, block[1])
        if any(_parameter(exchange, name) == value for name, value in tests):
            name, value = block[6], block[7]
            if name in headers:
                raise GatewayError("API_CONFIGURATION_ERROR")
            headers[name] = value
    return headers if at and not template[at:].strip() else None


def _parameter(exchange: Exchange, name: str) -> str:
    """Return a parameter of the path, the query or a header, in this order; "" for none.

    Names are compared as they came: HTTP/1.1 keeps a header's capitals, HTTP/2 has none.
    """
    if name in exchange.path_parameters:
        return exchange.path_parameters[name]
    if name in exchange.query:
        return exchange.query[name][-1]
    values = [value for header, value in exchange.request.headers if header == name]
    return values[-1] if values else ""
