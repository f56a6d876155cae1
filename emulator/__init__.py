"""A local AWS for rehearsals: moto holds what was applied, the data plane enforces it."""

import os

# Read by moto when it is imported. Its permissive CORS headers would let any web page that is open
# in a browser read the local account, and certificates need no minute of waiting here.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")

OPERATOR_KEY_ID = "emulator"
"""Access key id of the emulator's own calls; an administrator's, and recorded nowhere."""
