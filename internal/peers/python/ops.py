"""What both applications do with a session when a test asks: a list of operations in one request."""
import os
import sys
import threading

import neutral

MISSING = {"t": "missing"}


def run(session, ops, more=None):
    """Carries out [name, argument...] one after the other and returns a result for each."""
    results = []
    for name, *args in ops:
        if more and name in more:
            results.append(more[name](*args))
        else:
            results.append(COMMON[name](session, *args))
    return results


def _set(session, key, value):
    session[key] = neutral.load(value)


def _get(session, key):
    value = session.get(key, MISSING)
    return MISSING if value is MISSING else neutral.dump(value)


def _delete(session, key):
    return {"t": "bool", "v": session.pop(key, MISSING) is not MISSING}


def _has(session, key):
    return {"t": "bool", "v": key in session}


def _clear(session):
    session.clear()


def _all(session):
    return neutral.dump(dict(session))


def _nested(session, key, inner, value):
    """Changes a value inside another one, which frameworks may not notice."""
    session[key][inner] = neutral.load(value)


def _fail(session):
    raise RuntimeError("on purpose")


COMMON = {
    "set": _set, "get": _get, "delete": _delete, "has": _has, "clear": _clear, "all": _all,
    "nested": _nested, "fail": _fail,
}


def end_with_stdin():
    """Ends the process when the test program is gone, and its end of the pipe with it."""

    def watch():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
