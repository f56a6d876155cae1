"""JSON as AWS's APIs give and take it. AWS's service models say what each document holds."""

from collections.abc import Mapping
from typing import Any

type Document = Mapping[str, Any]
"""A JSON object that is read."""

type JsonObject = dict[str, Any]
"""A JSON object that is being made."""
