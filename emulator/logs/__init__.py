"""CloudWatch Logs: filter patterns, Insights queries, what AWS refuses, changes to moto."""
