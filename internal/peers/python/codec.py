"""A line server around the real libraries: each line of standard input is a request in JSON, each line of
standard output its answer. It ends when its standard input does.

Requests name an operation and a format; the fields are those of Go's type peers.Request.
"""
import datetime
import hashlib
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")

import flask  # noqa: E402
import itsdangerous  # noqa: E402
import jwt  # noqa: E402
import jwt.api_jwt  # noqa: E402
import msgpack  # noqa: E402
from flask.sessions import SecureCookieSessionInterface, session_json_serializer  # noqa: E402
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer  # noqa: E402

import neutral  # noqa: E402

# ---- time: the libraries ask these for the clock
now = None  # unix seconds; None: the real time


def clock():
    return time.time() if now is None else now


TimestampSigner.get_timestamp = lambda self: int(clock())


class Kind(type):
    def __instancecheck__(cls, x):
        return isinstance(x, datetime.datetime)


class Datetime(datetime.datetime, metaclass=Kind):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(clock(), tz)

    @classmethod
    def utcnow(cls):
        return datetime.datetime.fromtimestamp(clock(), datetime.timezone.utc).replace(tzinfo=None)


jwt.api_jwt.datetime = Datetime

app = flask.Flask("codec")


# ---- formats
def keys(r):
    """The keys as itsdangerous wants them: oldest first, the last one signs."""
    return [neutral.secret(s) for s in r.get("fallbacks") or []] + [neutral.secret(r["secret"])]


def flask_serializer(r, default="cookie-session"):
    s = SecureCookieSessionInterface
    return URLSafeTimedSerializer(
        keys(r), salt=r.get("salt") or default, serializer=session_json_serializer,
        signer_kwargs={"key_derivation": s.key_derivation, "digest_method": s.digest_method},
    )


def plain_serializer(r):
    """starlette-flask: the same signature around itsdangerous' own JSON."""
    return URLSafeTimedSerializer(
        keys(r), salt=r.get("salt") or "cookie-session",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1},
    )


def timestamp_signer(r):
    salt = r.get("salt")
    return TimestampSigner(keys(r), **({"salt": salt} if salt else {}))


class Itsdangerous:
    """Flask and starlette-flask."""

    def __init__(self, serializer):
        self.serializer = serializer

    def encode(self, r, payload):
        with app.app_context():
            return self.serializer(r).dumps(payload)

    def decode(self, r):
        return self.serializer(r).loads(r["token"], max_age=r.get("max_age"))


class Starlette:
    """Starlette, starlette-session-middleware's signer, starsessions 1: base64 of JSON, signed."""

    def encode(self, r, payload):
        from base64 import b64encode

        return timestamp_signer(r).sign(b64encode(json.dumps(payload).encode())).decode()

    def decode(self, r):
        from base64 import b64decode

        return json.loads(b64decode(timestamp_signer(r).unsign(r["token"], max_age=r.get("max_age"))))


class Starsessions2(Starlette):
    """starsessions 2: one more key holds the metadata."""

    def encode(self, r, payload):
        return super().encode(r, {**payload, "__metadata__": neutral.load(r["metadata"])})


class JWT:
    def encode(self, r, payload):
        return jwt.encode(payload, neutral.secret(r["secret"]), algorithm=r.get("alg") or "HS256", headers=r.get("headers"))

    def decode(self, r):
        return jwt.decode(r["token"], neutral.secret(r["secret"]), algorithms=[r.get("alg") or "HS256"])


class Record:
    """Flask-Session's record, in standard base64."""

    def encode(self, r, payload):
        from base64 import b64encode

        if r.get("serializer") == "json":
            data = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        else:
            data = msgpack.packb(payload, datetime=True)
        return b64encode(data).decode()

    def decode(self, r):
        from base64 import b64decode

        data = b64decode(r["token"], validate=True)
        if r.get("serializer") == "json":
            return json.loads(data)
        return msgpack.unpackb(data, timestamp=3)


class SignedID:
    """Flask-Session's signed session ID; the payload is the ID, a text."""

    def signer(self, r):
        return Signer(neutral.secret(r["secret"]), salt=r.get("salt") or "flask-session", key_derivation="hmac")

    def encode(self, r, payload):
        return self.signer(r).sign(payload).decode()

    def decode(self, r):
        return self.signer(r).unsign(r["token"]).decode()


FORMATS = {
    "flask": Itsdangerous(flask_serializer),
    "starlette-flask": Itsdangerous(plain_serializer),
    "starlette": Starlette(),
    "signer": Starlette(),
    "starsessions1": Starlette(),
    "starsessions2": Starsessions2(),
    "jwt": JWT(),
    "flask-session": Record(),
    "flask-session-id": SignedID(),
}


def signer(r):
    """Any itsdangerous signer."""
    kind = TimestampSigner if r.get("timestamp") else Signer
    options = {k: r[k] for k in ("salt", "sep") if r.get(k)}
    if r.get("derivation"):
        options["key_derivation"] = r["derivation"]
    if r.get("digest"):
        options["digest_method"] = getattr(hashlib, r["digest"])
    return kind(keys(r), **options)


# ---- operations
def encode(r):
    return {"token": FORMATS[r["format"]].encode(r, neutral.load(r["payload"]))}


def decode(r):
    try:
        value = FORMATS[r["format"]].decode(r)
    except Exception as e:
        return {"valid": False, "reason": reason(r, e), "exception": type(e).__name__, "error": str(e)[:200]}
    out = {"valid": True}
    if r["format"] == "starsessions2" and isinstance(value, dict) and "__metadata__" in value:
        out["metadata"] = neutral.dump(value.pop("__metadata__"))
    return {**out, "payload": neutral.dump(value)}


def sign(r):
    return {"token": signer(r).sign(r["token"].encode("latin-1")).decode("latin-1")}


def unsign(r):
    options = {"max_age": r.get("max_age")} if r.get("timestamp") else {}
    try:
        return {"valid": True, "token": signer(r).unsign(r["token"].encode("latin-1"), **options).decode("latin-1")}
    except Exception as e:
        return {"valid": False, "reason": reason(r, e), "exception": type(e).__name__, "error": str(e)[:200]}


def style(r):
    """How a format writes JSON."""
    return {
        "starlette-flask": {"separators": (",", ":"), "ensure_ascii": False},
        "jwt": {"separators": (",", ":")},
    }.get(r["format"], {})


def dumps(r):
    value = neutral.load(r["payload"])
    if r["format"] == "flask":
        with app.app_context():
            return {"token": session_json_serializer.dumps(value)}
    return {"token": json.dumps(value, **style(r))}


def loads(r):
    try:
        if r["format"] == "flask":
            with app.app_context():
                value = session_json_serializer.loads(r["token"])
        else:
            value = json.loads(r["token"])
        return {"valid": True, "payload": neutral.dump(value)}
    except Exception as e:
        return {"valid": False, "reason": "bad-payload", "exception": type(e).__name__, "error": str(e)[:200]}


def versions(r):
    from importlib.metadata import version

    names = ("flask", "werkzeug", "itsdangerous", "pyjwt", "msgpack")
    return {"versions": {"python": sys.version.split()[0], **{name: version(name) for name in names}}}


OPERATIONS = {f.__name__: f for f in (encode, decode, sign, unsign, dumps, loads, versions)}


# ---- why a token is refused
def reason(r, e):
    says = str(e)
    if isinstance(e, itsdangerous.SignatureExpired):
        return "future" if "< 0" in says else "expired"
    if isinstance(e, itsdangerous.BadTimeSignature):
        if "timestamp missing" in says:
            return "missing-timestamp"
        return "malformed" if "found in value" in says or "Malformed" in says else "bad-signature"
    if isinstance(e, itsdangerous.BadPayload):
        return "bad-payload"
    if isinstance(e, itsdangerous.BadSignature):
        return "malformed" if "found in value" in says else "bad-signature"
    for kind, name in (
        (jwt.ExpiredSignatureError, "expired"),
        (jwt.ImmatureSignatureError, "not-yet-valid"),
        (jwt.InvalidSignatureError, "bad-signature"),
        (jwt.InvalidAlgorithmError, "bad-algorithm"),
        (jwt.DecodeError, "malformed"),
        (jwt.InvalidTokenError, "bad-claim"),
    ):
        if isinstance(e, kind):
            return name
    if isinstance(e, (OverflowError, ValueError)) and ("out of range" in says or "timestamp" in says):
        return "future"
    return "bad-payload"


def main():
    global now
    out = sys.stdout
    for line in sys.stdin:
        try:
            r = json.loads(line)
            now = r.get("now")
            answer = OPERATIONS[r["op"]](r)
        except Exception as e:
            answer = {"exception": type(e).__name__, "error": str(e)[:200]}
        out.write(json.dumps(answer) + "\n")
        out.flush()


main()
