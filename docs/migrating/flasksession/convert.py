"""Turns the pickled records of Flask-Session 0.3 to 0.6 into those of 0.7 and later.

    python3 convert.py redis://127.0.0.1:6379/0 [session:]

Run it when no instance of the application writes pickles any more. It may run while the application does,
and again. It unpickles, so run it only on a Redis that nobody but your own application could write to.
"""
import datetime
import pickle
import sys

import msgpack
import redis


def plain(value):
    """What msgspec makes of types that MessagePack has not."""
    if isinstance(value, datetime.datetime):
        return msgpack.Timestamp.from_datetime(value) if value.tzinfo else value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value)


def main(url, prefix="session:"):
    client = redis.Redis.from_url(url)
    converted = 0
    for key in client.scan_iter(match=prefix + "*"):
        with client.pipeline() as pipe:
            try:
                pipe.watch(key)
                record = pipe.get(key)
                if not record or record[0] != 0x80 or len(record) < 2:
                    continue  # no pickle
                session = dict(pickle.loads(record))
                pipe.multi()
                pipe.set(key, msgpack.packb(session, default=plain), keepttl=True)
                pipe.execute()
                converted += 1
            except redis.WatchError:
                continue  # in use, and so converted by the application
    print(converted, "sessions converted")


main(*sys.argv[1:])
