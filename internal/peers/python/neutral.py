"""The neutral form of a value: an object {"t": type, "v": value} in JSON that keeps every type apart."""
import base64
import datetime
import struct
import sys
import uuid

from markupsafe import Markup

if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)


def dump(x):
    """Python value -> neutral form."""
    if x is None:
        return {"t": "null"}
    if isinstance(x, bool):
        return {"t": "bool", "v": x}
    if hasattr(x, "__html__"):
        return {"t": "markup", "v": str(x.__html__())}
    if isinstance(x, str):
        return text(x)
    if isinstance(x, int):
        return {"t": "int", "v": str(x)}
    if isinstance(x, float):
        return {"t": "float", "v": repr(x), "bits": struct.pack(">d", x).hex()}
    if isinstance(x, (bytes, bytearray)):
        return {"t": "bytes", "v": base64.b64encode(x).decode()}
    if isinstance(x, (tuple, list)):
        return {"t": "tuple" if isinstance(x, tuple) else "list", "v": [dump(i) for i in x]}
    if isinstance(x, dict):
        return {"t": "dict", "v": [[key(k), dump(v)] for k, v in x.items()]}
    if isinstance(x, uuid.UUID):
        return {"t": "uuid", "v": str(x)}
    if isinstance(x, datetime.datetime):
        return {"t": "datetime", "v": x.isoformat()}
    raise TypeError(f"no neutral form for {type(x).__name__}")


def text(s):
    try:
        s.encode()
        return {"t": "str", "v": str(s)}
    except UnicodeEncodeError:  # a lone surrogate
        return {"t": "str", "u16": s.encode("utf-16-be", "surrogatepass").hex()}


def key(k):
    """A text key is plain JSON text, any other key a value."""
    n = dump(k)
    return n["v"] if n["t"] == "str" and "v" in n else n


def load(n):
    """Neutral form -> Python value."""
    t, v = n["t"], n.get("v")
    if t == "null":
        return None
    if t == "bool":
        return bool(v)
    if t == "int":
        return int(v)
    if t == "float":
        return struct.unpack(">d", bytes.fromhex(n["bits"]))[0] if "bits" in n else float(v)
    if t == "str":
        return bytes.fromhex(n["u16"]).decode("utf-16-be", "surrogatepass") if "u16" in n else v
    if t == "bytes":
        return base64.b64decode(v)
    if t == "list":
        return [load(i) for i in v]
    if t == "tuple":
        return tuple(load(i) for i in v)
    if t == "dict":
        return {(k if isinstance(k, str) else load(k)): load(i) for k, i in v}
    if t == "markup":
        return Markup(v)
    if t == "uuid":
        return uuid.UUID(v)
    if t == "datetime":
        return datetime.datetime.fromisoformat(v)
    raise ValueError(f"unknown type {t!r}")


def secret(s):
    """A secret in a request: text, or {"b64": bytes} -> str where it is text, else bytes."""
    if not isinstance(s, dict):
        return s
    raw = base64.b64decode(s["b64"])
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
