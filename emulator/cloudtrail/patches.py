"""CloudTrail in moto 5.2.5, where it does not do what AWS does.

Source: CloudTrail API reference, and its guide's "Naming requirements" for names and ARNs.
"""

import json
import re

from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse

from emulator.cloudtrail.status import delivery_status, forget
from emulator.patching import Moto, add, patch
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError

MAX_TRAILS = 5
"""Trails of an account and Region (CloudTrail User Guide, "Quotas")."""

# What applies to a trail that nobody gave selectors (API reference, GetEventSelectors).
_DEFAULT_SELECTOR = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


def _trail(backend: CloudTrailBackend, name: str) -> Trail:
    """Return a trail of this Region by name or ARN."""
    found: Trail = backend.get_trail(name)
    return found


@patch(CloudTrailBackend, "create_trail")
def _refuse_a_second(
    original: Moto, backend: CloudTrailBackend, name: str, *rest: object, **more: object
) -> object:
    # moto replaces the first one, and forgets that it was logging.
    if name in backend.trails:
        raise AwsError(
            400,
            "TrailAlreadyExistsException",
            f"Trail {name} already exists for customer: {backend.account_id}",
        )
    if len(backend.trails) >= MAX_TRAILS:
        raise AwsError(
            400,
            "MaximumNumberOfTrailsExceededException",
            f"User: {backend.account_id} already has {MAX_TRAILS} trails in {backend.region_name}.",
        )
    return original(backend, name, *rest, **more)


@add(CloudTrailBackend, "delete_trail")
def _delete_by_name_or_arn(backend: CloudTrailBackend, name: str) -> None:
    # moto deletes by name alone, says nothing of others, and keeps the tags for the next trail.
    trail = _trail(backend, name)
    del backend.trails[trail.trail_name]
    backend.tagging_service.delete_all_tags_for_resource(trail.arn)
    forget(trail.arn)


@add(CloudTrailResponse, "describe_trails")
def _describe_the_trails_named(response: CloudTrailResponse) -> str:
    # moto describes all, whichever were asked for.
    backend = response.cloudtrail_backend
    trails: list[Trail] = backend.describe_trails(
        response._get_bool_param("includeShadowTrails", True)
    )
    names = response._get_param("trailNameList")
    if names:
        trails = [one for one in trails if one.trail_name in names or one.arn in names]
    return json.dumps({"trailList": [one.description(include_region=True) for one in trails]})


@patch(Trail, "description")
def _show_home_and_selectors(original: Moto, trail: Trail, include_region: bool = True) -> object:
    # moto reports no custom selectors, and reports what is not set.
    shown = original(trail, include_region=True)
    shown["HasCustomEventSelectors"] = bool(_data(trail))
    shown["HasInsightSelectors"] = bool(trail.insight_selectors)
    if not include_region:  # CreateTrail and UpdateTrail
        for name in ("HomeRegion", "HasCustomEventSelectors", "HasInsightSelectors"):
            del shown[name]
    return {name: value for name, value in shown.items() if value not in {None, ""}}


def _data(trail: Trail) -> bool:
    """Return whether anything but the default was selected."""
    return bool(trail.advanced_event_selectors) or any(
        {name: value for name, value in one.items() if value != []}
        != {name: value for name, value in _DEFAULT_SELECTOR.items() if value != []}
        for one in trail.event_selectors
    )


@add(CloudTrailResponse, "get_trail")
def _get_trail(response: CloudTrailResponse) -> str:
    trail = _trail(response.cloudtrail_backend, response._get_param("Name"))
    return json.dumps({"Trail": trail.description(include_region=True)})


@patch(CloudTrailResponse, "get_trail_status")
def _show_failing_deliveries(original: Moto, response: CloudTrailResponse) -> str:
    # moto says that every delivery succeeded.
    shown = json.loads(original(response))
    name = response._get_param("Name")
    trails = response.cloudtrail_backend.describe_trails(include_shadow_trails=True)
    arn = next(one.arn for one in trails if name in {one.trail_name, one.arn})
    for key in ("LatestDeliveryAttemptTime", "LatestDeliveryTime"):
        shown.pop(key, None)
    return json.dumps(shown | delivery_status(arn))


@add(Trail, "put_event_selectors")
def _replace_selectors(trail: Trail, basic: list[JsonObject], advanced: list[JsonObject]) -> None:
    # moto keeps advanced selectors beside basic ones; AWS knows one kind at a time.
    trail.event_selectors = [_DEFAULT_SELECTOR | one for one in basic or ()]
    trail.advanced_event_selectors = advanced or []


@patch(CloudTrailResponse, "put_event_selectors")
def _one_kind_of_selectors(original: Moto, response: CloudTrailResponse) -> str:
    given = json.loads(response.body)
    if bool(given.get("EventSelectors")) == bool(given.get("AdvancedEventSelectors")):
        raise AwsError(
            400,
            "InvalidEventSelectorsException",
            "Either EventSelectors or AdvancedEventSelectors must be given, and not both.",
        )
    original(response)
    return _shown_selectors(_trail(response.cloudtrail_backend, given["TrailName"]))


@add(CloudTrailResponse, "get_event_selectors")
def _get_selectors(response: CloudTrailResponse) -> str:
    return _shown_selectors(
        _trail(response.cloudtrail_backend, json.loads(response.body)["TrailName"])
    )


def _shown_selectors(trail: Trail) -> str:
    if trail.advanced_event_selectors:
        chosen: dict[str, object] = {"AdvancedEventSelectors": trail.advanced_event_selectors}
    else:
        chosen = {"EventSelectors": trail.event_selectors or [_DEFAULT_SELECTOR]}
    return json.dumps({"TrailARN": trail.arn} | chosen)


def _tagged(backend: CloudTrailBackend, arn: str) -> None:
    """Raise unless the ARN is a trail's: moto keeps tags of anything."""
    if re.fullmatch(r"arn:[^:]+:cloudtrail:[^:]+:\d{12}:trail/.+", arn) is None:
        raise AwsError(400, "CloudTrailARNInvalidException", f"{arn} is not a valid ARN.")
    region = arn.split(":")[3]
    if all(
        one.arn != arn for one in cloudtrail_backends[backend.account_id][region].trails.values()
    ):
        raise AwsError(400, "ResourceNotFoundException", f"Unable to find the resource {arn}.")


for _operation in ("add_tags", "remove_tags"):

    @patch(CloudTrailBackend, _operation)
    def _change_tags(
        original: Moto, backend: CloudTrailBackend, resource_id: str, **tags: object
    ) -> None:
        _tagged(backend, resource_id)
        original(backend, resource_id, **tags)


@patch(CloudTrailBackend, "list_tags")
def _list_tags(original: Moto, backend: CloudTrailBackend, resource_id_list: list[str]) -> object:
    for arn in resource_id_list:
        _tagged(backend, arn)
    return original(backend, resource_id_list)
