"""Deferred Ctrl-C: a block that must not be interrupted ends first, then KeyboardInterrupt."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

# Ctrl-C; the end that `timeout`, CI and service managers ask for; a terminal that is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def interrupts(received: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Call `received` at each interrupt, and raise KeyboardInterrupt only once the block is done.

    Outside the main thread, where Python delivers no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def receive(*_: object) -> None:
        nonlocal count
        count += 1
        received()

    # Ignored signals stay ignored, as under nohup.
    handled = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, receive) for each in handled}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if count:
            raise KeyboardInterrupt
