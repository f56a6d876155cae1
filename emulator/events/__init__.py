"""EventBridge: events, patterns, what rules and alarms publish; changes to moto."""
