"""AWS Budgets in moto 5.2.5: what it lacks, and where it does not do what AWS does.

Source: AWS Budgets API reference. A budget counts no cost here.
"""

import json

from moto.budgets.exceptions import DuplicateRecordException, NotFoundException
from moto.budgets.models import Budget, BudgetsBackend, Notification
from moto.budgets.responses import BudgetsResponse

from emulator.patching import Moto, add, patch

_tags: dict[str, dict[str, str]] = {}


def _budget(response: BudgetsResponse, name: str | None = None) -> Budget:
    account = response._get_param("AccountId")
    name = name or response._get_param("BudgetName")
    response.backend.describe_budget(account, name)  # raises without one
    found: Budget = response.backend.budgets[account][name]
    return found


def _notification(response: BudgetsResponse) -> Notification:
    wanted = response._get_param("Notification")
    for one in _budget(response).notifications:
        if wanted.items() <= one.details.items():
            found: Notification = one
            return found
    raise NotFoundException("Unable to find the notification of the budget.")


def _arn(response: BudgetsResponse, name: str) -> str:
    account = response._get_param("AccountId")
    return f"arn:{response.partition}:budgets::{account}:budget/{name}"


@add(BudgetsResponse, "update_budget")
def _update_budget(response: BudgetsResponse) -> str:
    wanted = response._get_param("NewBudget")
    _budget(response, wanted["BudgetName"]).budget.update(wanted)
    return "{}"


@patch(BudgetsResponse, "create_budget")
def _tag_new_budget(original: Moto, response: BudgetsResponse) -> str:
    answer: str = original(response)
    tags = response._get_param("ResourceTags") or ()
    arn = _arn(response, response._get_param("Budget")["BudgetName"])
    _tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
    return answer


@patch(BudgetsResponse, "delete_budget")
def _delete_with_tags(original: Moto, response: BudgetsResponse) -> str:
    answer: str = original(response)
    _tags.pop(_arn(response, response._get_param("BudgetName")), None)
    return answer


# Notifications and their subscribers


@patch(BudgetsBackend, "create_notification")
def _one_of_each(
    original: Moto, backend: BudgetsBackend, account_id: str, budget_name: str, **given: object
) -> None:
    budget = backend.budgets[account_id].get(budget_name)
    if budget is not None and given["notification"] in budget.get_notifications():
        raise DuplicateRecordException(
            record_type="notification", record_name=f"for budget {budget_name}"
        )
    original(backend, account_id, budget_name, **given)


@patch(BudgetsResponse, "delete_notification")
def _delete_what_is_there(original: Moto, response: BudgetsResponse) -> object:
    _notification(response)
    return original(response)


@add(BudgetsResponse, "describe_subscribers_for_notification")
def _show_subscribers(response: BudgetsResponse) -> str:
    return json.dumps({"Subscribers": _notification(response).subscribers})


@add(BudgetsResponse, "create_subscriber")
def _create_subscriber(response: BudgetsResponse) -> str:
    kept, new = _notification(response).subscribers, response._get_param("Subscriber")
    if new in kept:
        raise DuplicateRecordException(record_type="subscriber", record_name=new["Address"])
    kept.append(new)
    return "{}"


@add(BudgetsResponse, "delete_subscriber")
def _delete_subscriber(response: BudgetsResponse) -> str:
    kept, gone = _notification(response).subscribers, response._get_param("Subscriber")
    if gone not in kept:
        raise NotFoundException("Unable to find the subscriber of the notification.")
    kept.remove(gone)
    return "{}"


# Tags


def _tags_of(response: BudgetsResponse) -> dict[str, str]:
    arn = response._get_param("ResourceARN")
    if arn not in _tags:
        raise NotFoundException(f"Unable to find the resource {arn}.")
    return _tags[arn]


@add(BudgetsResponse, "list_tags_for_resource")
def _show_tags(response: BudgetsResponse) -> str:
    tags = [{"Key": key, "Value": value} for key, value in _tags_of(response).items()]
    return json.dumps({"ResourceTags": tags})


@add(BudgetsResponse, "tag_resource")
def _tag(response: BudgetsResponse) -> str:
    given = response._get_param("ResourceTags")
    _tags_of(response).update({tag["Key"]: tag["Value"] for tag in given})
    return "{}"


@add(BudgetsResponse, "untag_resource")
def _untag(response: BudgetsResponse) -> str:
    tags = _tags_of(response)
    for key in response._get_param("ResourceTagKeys"):
        tags.pop(key, None)
    return "{}"
