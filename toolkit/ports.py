"""Loopback ports: a free one, and who holds one that is not."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

_LISTENS = "0A"  # proc(5): the state of a listening socket in /proc/net/tcp


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether a program could listen on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Return the id and command of the process that listens on a port; "" if nobody may know."""
    pid = _by_proc(port) if Path("/proc/net/tcp").exists() else _by_lsof(port)
    if pid is None:
        return ""
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], text=True, capture_output=True, check=False
    )
    return f"process {pid}: {shown.stdout.strip()[:200]}"


def _by_proc(port: int) -> int | None:
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
    ]
    sockets = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port
    }
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in sockets:
                return int(link.parts[2])
        except OSError:  # another user's process, or one that has just ended
            continue
    return None


def _by_lsof(port: int) -> int | None:
    if shutil.which("lsof") is None:
        return None
    command = ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"]
    listed = subprocess.run(command, text=True, capture_output=True, check=False).stdout.split()
    return int(listed[0]) if listed else None
