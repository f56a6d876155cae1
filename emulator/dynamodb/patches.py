"""DynamoDB in moto 5.2.5, where it does not do what AWS does.

moto compares a condition and writes the item in two steps. Two requests at once can both find a
condition true, which on AWS only one of them does (DynamoDB Developer Guide, "Working with items",
"Conditional writes": a write with a condition is atomic).
"""

import threading

from moto.dynamodb.responses import DynamoHandler

from emulator.patching import Moto, patch

_ITEMS = threading.RLock()


def _one_at_a_time(original: Moto, handler: DynamoHandler) -> object:
    # The whole answer: moto reads the item once more for it.
    with _ITEMS:
        return original(handler)


for _operation in ("put_item", "update_item", "delete_item", "get_item", "query"):
    patch(DynamoHandler, _operation)(_one_at_a_time)
