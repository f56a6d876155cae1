"""Many clients in one thread, cheap enough to measure a server that shares their processors."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 35.0  # seconds without any answer, more than API Gateway has


class NoAnswerError(Exception):
    """The server under load answers no more."""


@dataclass(frozen=True)
class Load:
    """What clients saw: times in seconds, answers by status; 0 is a connection that ended."""

    seconds: float
    took: list[float]
    statuses: Mapping[int, int]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return a percentile of the times, in milliseconds."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


@dataclass
class _Client:
    source: str
    sock: socket.socket = field(default_factory=socket.socket)
    begun: float = 0.0
    answer: bytearray = field(default_factory=bytearray)


def post(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a whole POST request as it goes over the wire, on a connection that stays open."""
    parts = urllib.parse.urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def drive(url: str, request: bytes, clients: int, seconds: float) -> Load:
    """Send one request after another from each of many loopback addresses.

    Every answer must have a Content-Length. Raises NoAnswerError.
    """
    parts = urllib.parse.urlsplit(url)
    address = str(parts.hostname), int(parts.port or 80)
    selector = selectors.DefaultSelector()
    begun = time.monotonic()
    until = begun + seconds
    took: list[float] = []
    statuses: Counter[int] = Counter()

    def ask(client: _Client) -> None:
        client.begun = time.monotonic()
        client.answer.clear()
        client.sock.sendall(request)

    def connect(client: _Client) -> None:
        client.sock = socket.create_connection(address, PATIENCE, (client.source, 0))
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(client.sock, selectors.EVENT_READ, client)
        ask(client)

    def leave(client: _Client) -> None:
        selector.unregister(client.sock)
        client.sock.close()

    for number in range(clients):
        connect(_Client(f"127.0.0.{2 + number % 250}"))
    while selector.get_map():
        ready = selector.select(PATIENCE)
        if not ready:
            raise NoAnswerError(f"{url} has not answered for {PATIENCE:.0f} s")
        for key, _ in ready:
            client: _Client = key.data
            received = client.sock.recv(65_536)
            client.answer += received
            status = _status(client.answer) if received else 0
            if status is None:
                continue
            now = time.monotonic()
            statuses[status] += 1
            took.append(now - client.begun)
            if now < until and received:
                ask(client)
                continue
            leave(client)
            if now < until:
                connect(client)
    return Load(time.monotonic() - begun, took, dict(sorted(statuses.items())))


def _status(answer: bytearray) -> int | None:
    """Return the status of an answer that is whole, None for one that is not."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return int(answer[9:12]) if len(body) >= int(length) else None


@dataclass(frozen=True)
class Usage:
    """What processes have used since they started, and hold now."""

    cpu_seconds: float
    megabytes: float


def usage(pid: int) -> tuple[Usage, Usage]:
    """Return what a process uses, and what all its children do."""
    rows = _rows()
    own = [row for row in rows if row[0] == pid]
    children = [row for row in rows if row[1] == pid]
    first, second = (
        Usage(sum(row[2] for row in some), sum(row[3] for row in some)) for some in (own, children)
    )
    return first, second


def _rows() -> list[tuple[int, int, float, float]]:
    """Return id, parent, processor seconds and megabytes of every process."""
    rows = []
    if Path("/proc/self/stat").exists():
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            seconds = (int(fields[11]) + int(fields[12])) / tick
            megabytes = int(fields[21]) * page / 1024 / 1024
            rows.append((int(folder.name), int(fields[1]), seconds, megabytes))
        return rows
    command = ["ps", "-A", "-o", "pid=,ppid=,rss=,time="]
    listed = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    for pid, parent, kilobytes, time_used in map(str.split, listed.splitlines()):
        minutes, _, seconds_used = time_used.rpartition(":")
        used = float(seconds_used) + 60 * float(minutes.rpartition(":")[2] or 0)
        rows.append((int(pid), int(parent), used, int(kilobytes) / 1024))
    return rows
