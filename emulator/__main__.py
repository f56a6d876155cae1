"""Start the emulator: `python -m emulator --port 4566`."""

import argparse
import gc
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from emulator.bedrock.model_server import ModelServer, NoModelError
from emulator.server import (
    DEFAULT_ACCOUNT_ID,
    DEFAULT_PORT,
    DEFAULT_REGION,
    PortInUseError,
    Server,
)

_OBJECTS_PER_COLLECTION = 20_000
# How long a thread waits before it asks for Python's lock, by default 5 ms. Of those that answer
# requests each lets go of it by itself sooner: taking it away costs a change of threads more.
_SWITCH_SECONDS = 0.02


def _make_ready(server: Server) -> None:
    """Import moto and boto3, which takes seconds: not at the first request.

    All that they made stays, and few of a request's objects need the garbage collector: it leaves
    the first alone, and comes seldom for the others.
    """
    _ = server.app.door
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, 20, 20)
    sys.setswitchinterval(_SWITCH_SECONDS)


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one")
    parser.add_argument("--account-id", default=DEFAULT_ACCOUNT_ID)
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--state-dir", type=Path, help="where unpacked functions are kept")
    parser.add_argument("--model", default="", help="an OpenAI-compatible server on loopback")
    arguments = parser.parse_args()
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # These two speak of every connection and every credential source.
    for noisy in ("botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        server = Server(
            port=arguments.port,
            account_id=arguments.account_id,
            region=arguments.region,
            state_dir=arguments.state_dir,
            model=ModelServer.at(arguments.model) if arguments.model else None,
        )
    except (NoModelError, PortInUseError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # a program's last words
        return 1

    def stop(signum: int, _: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        logging.getLogger("emulator").info("stopping (%s)", signal.Signals(signum).name)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logging.getLogger("emulator").info(
        "listening on %s for account %s in %s",
        server.endpoint,
        arguments.account_id,
        arguments.region,
    )
    threading.Thread(target=_make_ready, args=(server,), daemon=True).start()
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
