"""The commands that the documentation gives people to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.terraform import ROOT

PAGES = ("README.md", "emulator/README.md", "docs/*.md")
# Written after a command that needs what no rehearsal has.
ON_AWS_ONLY = "# on AWS only"
_BLOCK = re.compile(r"^( *)```(?:console|sh)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`((?:aws|terraform) [a-z-][^`]+)`")


@dataclass(frozen=True)
class Command:
    """One command as it is documented, and where."""

    page: str
    line: int
    text: str

    @property
    def on_aws_only(self) -> bool:
        """Return whether the page marks the command as for AWS only."""
        return ON_AWS_ONLY in self.text


def commands(program: str) -> list[Command]:
    """Return every documented command that runs a program, wherever in the command that is."""
    every = [
        command
        for pattern in PAGES
        for path in sorted(ROOT.glob(pattern))
        for command in _commands(path)
    ]
    # A command without arguments, such as `aws sns publish`, is only a reference.
    used = re.compile(rf"(?<![\w/.-]){program} .*\s-", re.DOTALL)
    return [one for one in every if used.search(one.text)]


def _commands(path: Path) -> Iterator[Command]:
    text, page = path.read_text(), str(path.relative_to(ROOT))
    for block in _BLOCK.finditer(text):
        indent, content = block[1], block[2]
        starts = list(re.finditer(rf"^{indent}\$ ", content, re.MULTILINE))
        bounds = [start.start() for start in starts] or [0]
        for start, end in zip(bounds, [*bounds[1:], len(content)], strict=True):
            command = content[start:end].removeprefix(f"{indent}$ ").rstrip()
            yield Command(page, _line(text, block.start(2) + start), command)
    outside = _BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    for inline in _INLINE.finditer(outside):
        yield Command(page, _line(text, inline.start()), " ".join(inline[1].split()))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
