"""The account check: what an AWS account is asked before an environment is applied to it."""
