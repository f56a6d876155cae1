"""CloudTrail: records of calls, delivered to bucket and log group; digests; the event history."""
