"""Other processes of this machine: what one is, and which one holds a loopback port.

Linux shows this without any program; elsewhere `ps` and `lsof` are part of the system.
"""

import shutil
import socket
import subprocess
from pathlib import Path

_LISTENS = "0A"  # proc(5): the state of a listening socket in /proc/net/tcp


def free_port() -> int:
    """Return a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether a program could listen on a loopback port."""
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
    return f"process {pid}: {command_of(pid)[:200]}"


def command_of(pid: int) -> str:
    """Return the command line of a live process, "" where there is none."""
    folder = Path("/proc") / str(pid)
    if Path("/proc/self/stat").exists():
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            return ""
    else:
        shown = subprocess.run(
            ["ps", "-p", str(pid), "-o", "stat=,command="],
            text=True,
            capture_output=True,
            check=False,
        )
        state, _, command = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command.strip()


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
