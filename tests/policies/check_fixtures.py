"""Hold each checkov policy against its fixture: what is named allowed passes, refused fails.

A fixture has what its policy reads and nothing else: Terraform never plans it.
Runs where checkov is installed: `make lint` does it, in checkov's own environment.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "policies" / "fixtures"
RESOURCE = re.compile(
    r'^(?:(?:data|resource) "(\w+)"|module) "((?:allowed|refused)\w*)"', re.MULTILINE
)

Verdicts = dict[tuple[str, str], str]  # policy, resource -> "allowed" or "refused"


def expected() -> Verdicts:
    """Read what should be from the names of the resources."""
    return {
        (file.stem, f"{found[1]}.{found[2]}" if found[1] else found[2]): found[2].split("_")[0]
        for file in FIXTURES.glob("*.tf")
        for found in RESOURCE.finditer(file.read_text(encoding="utf-8"))
    }


def actual() -> Verdicts:
    """Ask checkov, with our policies alone."""
    ids = ",".join(sorted(file.stem for file in FIXTURES.glob("*.tf")))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "checkov.main", "--directory", str(FIXTURES)),
            *("--external-checks-dir", str(ROOT / "policies"), "--check", ids),
            *("--framework", "terraform", "--output", "json", "--skip-download"),
        ],
        cwd=FIXTURES,  # Away from the project's settings.
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("{"):
        sys.exit(f"checkov gave no report:\n{done.stdout}{done.stderr}")
    results = json.JSONDecoder().raw_decode(done.stdout)[0].get("results", {})
    verdicts = {"passed_checks": "allowed", "failed_checks": "refused"}
    return {
        (check["check_id"], check["resource"]): verdict
        for kind, verdict in verdicts.items()
        for check in results.get(kind, [])
        if Path(check["file_path"]).stem == check["check_id"]
    }


def main() -> int:
    """Print each difference, and each policy that lacks one side."""
    wanted, found = expected(), actual()
    problems = [
        f"{key[0]}: {key[1]} should be {verdict}, and is {found.get(key, 'not judged')}"
        for key, verdict in wanted.items()
        if found.get(key) != verdict
    ]
    written = (ROOT / "policies").glob("*.[py]*")
    ids = set(re.findall(r"CKV_CHATBOT_\d+", "".join(file.read_text() for file in written)))
    problems += [
        f"{policy}: tests/policies/fixtures has no resource that is {verdict}"
        for policy in sorted(ids | {policy for policy, _ in wanted})
        for verdict in ("allowed", "refused")
        if verdict not in {wanted[key] for key in wanted if key[0] == policy}
    ]
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
