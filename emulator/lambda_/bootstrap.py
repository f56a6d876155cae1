"""The program that a worker runs: Lambda's own runtime interface client, and nothing of ours.

Started as `python -S -s -P bootstrap.py <runtime folder> <handler>` in the task root, so that the
function can import its zip, the standard library and what AWS's managed runtime carries; not the
emulator and not its development tools.
"""

import os
import signal
import site
import sys
import threading


def _die_with_the_emulator() -> None:
    """Kill this process and its children once the emulator's end of standard input is closed.

    The kernel closes it however the emulator ends, and unlike a parent-death signal this works on
    macOS too.
    """
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        while os.read(lifeline, 1):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    runtime_folder, handler = sys.argv[1:]
    _die_with_the_emulator()
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], runtime_folder]
    site.setquit()  # -S leaves out the names exit and quit
    sys.argv = ["bootstrap", handler]
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415  # needs the path above

    # Lambda's /var/task cannot be written: what has no bytecode in the zip is compiled each time.
    sys.dont_write_bytecode = True
    serve(sys.argv)


if __name__ == "__main__":
    main()
