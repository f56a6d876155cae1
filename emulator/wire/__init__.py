"""HTTP and AWS's wire protocols: requests, answers, errors, service models."""
