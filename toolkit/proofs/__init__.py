"""Proofs: what each control must stop and let through, judged by the logs of a deployment."""
