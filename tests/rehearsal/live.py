"""An environment of the tests' own that changes while it is in use.

It has limits that probes do not reach, and no trail, which would cost a minute.
"""

from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

HOME = ROOT / ".rehearsal-life"
RUNBOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")
REGION = "us-east-2"
PART = "planning all but the web ACL, which nothing has changed"
OWNED = "account = { api_gateway_log_role = {}, invocation_logging = {}, trail = null }"
ENVIRONMENT = """
module "chatbot" {{
  source = "../../modules/chatbot"

  environment    = "{name}"
  package        = "{package}"
  allowed_origin = "https://chat.example.com"
  clients        = {clients}
  operations     = {{ alert_emails = [] }}

  {account}

  api = {{
    custom_domain = {custom_domain}
    plan          = {{ rate_limit = 1000, burst_limit = 1000, quota_limit = 100000 }}
  }}

  edge = {{
    limits           = {{ rate_requests = 100000 }}
    prompt_injection = {prompt_injection}
  }}

  guardrail = {guardrail}
}}
"""
DEFAULTS = {
    "name": "life",
    "clients": "{ web = {} }",
    "package": "${path.root}/../../build/chatbot.zip",
    "account": OWNED,
    "custom_domain": "null",
    "prompt_injection": "{}",
    "guardrail": "{}",
}


def write(rehearsal: Rehearsal, **settings: str) -> None:
    text = ENVIRONMENT.format(**{**DEFAULTS, **settings})
    (rehearsal.folder / "main.tf").write_text(text)
