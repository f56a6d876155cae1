"""Budgets' operations, where moto's own do something else."""

from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, client_of
from tests.emulator.shown import refusal, shows, unique

HERE = {"AccountId": ACCOUNT}
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-2:{ACCOUNT}:alerts"}
MAIL = {"SubscriptionType": "EMAIL", "Address": "ops@example.com"}


def budget(name: str, amount: str = "10") -> dict[str, Any]:
    return {
        "BudgetName": name,
        "BudgetLimit": {"Amount": amount, "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }


def notification(percent: float = 80.0) -> dict[str, Any]:
    return {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": percent,
        "ThresholdType": "PERCENTAGE",
    }


budgets = client_of("budgets")


@pytest.fixture
def name(budgets: Any) -> str:
    made = unique("budget")
    budgets.create_budget(**HERE, Budget=budget(made), ResourceTags=[{"Key": "a", "Value": "1"}])
    return made


@shows(
    "budgets:CreateBudget", "budgets:DescribeBudget", "budgets:DescribeBudgets",
    "budgets:UpdateBudget", "budgets:DeleteBudget",
)  # fmt: skip
def test_a_budget_is_made_once_and_changes_in_place(budgets: Any, name: str) -> None:
    again = refusal(budgets.create_budget, **HERE, Budget=budget(name))
    assert again == (
        400, "DuplicateRecordException",
        f"Error creating budget: {name} - the budget already exists.",
    )  # fmt: skip
    budgets.update_budget(**HERE, NewBudget=budget(name, "20"))
    found = budgets.describe_budget(**HERE, BudgetName=name)["Budget"]
    assert found["BudgetLimit"]["Amount"] == "20"
    assert name in {one["BudgetName"] for one in budgets.describe_budgets(**HERE)["Budgets"]}
    budgets.delete_budget(**HERE, BudgetName=name)
    for attempt in (
        refusal(budgets.describe_budget, **HERE, BudgetName=name),
        refusal(budgets.delete_budget, **HERE, BudgetName=name),
        refusal(budgets.update_budget, **HERE, NewBudget=budget(name)),
    ):
        assert attempt[:2] == (400, "NotFoundException")


@shows(
    "budgets:CreateNotification", "budgets:DescribeNotificationsForBudget",
    "budgets:DeleteNotification", "budgets:DescribeSubscribersForNotification",
    "budgets:CreateSubscriber", "budgets:DeleteSubscriber",
)  # fmt: skip
def test_notifications_and_who_gets_them(budgets: Any, name: str) -> None:
    at = HERE | {"BudgetName": name}
    one = at | {"Notification": notification()}
    budgets.create_notification(**one, Subscribers=[TOPIC])
    again = refusal(budgets.create_notification, **one, Subscribers=[TOPIC])
    assert again[:2] == (400, "DuplicateRecordException")
    budgets.create_notification(**at, Notification=notification(50.0), Subscribers=[MAIL])
    found = budgets.describe_notifications_for_budget(**at)["Notifications"]
    assert [each["Threshold"] for each in found] == [80.0, 50.0]
    budgets.create_subscriber(**one, Subscriber=MAIL)
    again = refusal(budgets.create_subscriber, **one, Subscriber=MAIL)
    assert again[:2] == (400, "DuplicateRecordException")
    assert budgets.describe_subscribers_for_notification(**one)["Subscribers"] == [TOPIC, MAIL]
    budgets.delete_subscriber(**one, Subscriber=TOPIC)
    gone = refusal(budgets.delete_subscriber, **one, Subscriber=TOPIC)
    assert gone[:2] == (400, "NotFoundException")
    assert budgets.describe_subscribers_for_notification(**one)["Subscribers"] == [MAIL]
    budgets.delete_notification(**one)
    found = budgets.describe_notifications_for_budget(**at)["Notifications"]
    assert [each["Threshold"] for each in found] == [50.0]
    for attempt in (
        refusal(budgets.delete_notification, **one),
        refusal(budgets.describe_subscribers_for_notification, **one),
        refusal(budgets.create_notification, **one | {"BudgetName": "none"}, Subscribers=[TOPIC]),
    ):
        assert attempt[:2] == (400, "NotFoundException")


def test_a_budget_is_made_with_whom_it_tells(budgets: Any) -> None:
    name, one = unique("budget"), notification()
    notifications = [{"Notification": one, "Subscribers": [MAIL]}]
    budgets.create_budget(**HERE, Budget=budget(name), NotificationsWithSubscribers=notifications)
    found = budgets.describe_subscribers_for_notification(**HERE, BudgetName=name, Notification=one)
    assert found["Subscribers"] == [MAIL]


@shows("budgets:TagResource", "budgets:UntagResource", "budgets:ListTagsForResource")
def test_budgets_have_tags(budgets: Any, name: str) -> None:
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "b", "Value": "2"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["a"])
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    assert tags == [{"Key": "b", "Value": "2"}]
    budgets.delete_budget(**HERE, BudgetName=name)
    gone = refusal(budgets.list_tags_for_resource, ResourceARN=arn)
    assert gone[:2] == (400, "NotFoundException")
