"""Things done in a forked child, which says what came of them."""

import json
import os
import resource
import select
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any


def in_child(work: Callable[[], object], *, patience: float = 30.0) -> Any:
    """Fork, do the work in the child, and return what it returned; the child ends without any exit handler."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork with threads, which is what is tried here
        child = os.fork()
    if child == 0:
        try:
            said = json.dumps(work())
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
            said = json.dumps({"raised": traceback.format_exc()})
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    try:
        if not select.select([reading], [], [], patience)[0]:
            os.kill(child, signal.SIGKILL)
            raise TimeoutError("the child hangs")
        with os.fdopen(reading, closefd=False) as pipe:
            return json.loads(pipe.read())
    finally:
        os.close(reading)
        os.waitpid(child, 0)


def with_full_disk(size: int, work: Callable[[], object]) -> Callable[[], object]:
    """Do the work where no file may grow beyond so many bytes."""

    def limited() -> object:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return work()

    return limited
