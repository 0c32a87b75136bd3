"""A real Flask application that does to its session what the request says. Usage: flask_app.py PORT OPTIONS"""
import json
import logging
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")

import flask  # noqa: E402
from flask import Flask, flash, get_flashed_messages, jsonify, request, session  # noqa: E402
from flask.sessions import SecureCookieSessionInterface, session_json_serializer  # noqa: E402
from itsdangerous import TimestampSigner, URLSafeTimedSerializer  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

import neutral  # noqa: E402
import ops  # noqa: E402

port, options = int(sys.argv[1]), json.loads(sys.argv[2])
real_time = TimestampSigner.get_timestamp


class Rotating(SecureCookieSessionInterface):
    """SECRET_KEY_FALLBACKS for a Flask that has none (before 3.1), as later ones do it."""

    def get_signing_serializer(self, app):
        if not app.secret_key:
            return None
        keys = [*app.config.get("SECRET_KEY_FALLBACKS", []), app.secret_key]
        return URLSafeTimedSerializer(
            keys, salt=self.salt, serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )


app = Flask("peer")
app.secret_key = neutral.secret(options["secret"])
if options.get("fallbacks"):
    app.config["SECRET_KEY_FALLBACKS"] = [neutral.secret(s) for s in options["fallbacks"]]
    if tuple(map(int, version("flask").split(".")[:2])) < (3, 1):
        app.session_interface = Rotating()
app.config.update(options.get("config") or {})

if options.get("redis"):
    import redis
    from flask_session import Session

    app.config.setdefault("SESSION_TYPE", "redis")
    app.config["SESSION_REDIS"] = redis.Redis.from_url(options["redis"])
    Session(app)
    if options.get("records"):
        # What Flask-Session before 0.8 leaves to the application: another
        # serializer than pickle, with the same two functions.
        import json
        from types import SimpleNamespace

        import msgpack

        app.session_interface.serializer = {
            "json": SimpleNamespace(dumps=lambda v: json.dumps(v, separators=(",", ":")).encode(), loads=json.loads),
            "msgpack": SimpleNamespace(dumps=msgpack.packb, loads=msgpack.unpackb),
        }[options["records"]]

more = {}
if options.get("login"):
    import flask_login

    manager = flask_login.LoginManager(app)

    class User(flask_login.UserMixin):
        def __init__(self, id):
            self.id = id

    manager.user_loader(User)

    def user():
        current = flask_login.current_user
        return {"t": "str", "v": current.id} if current.is_authenticated else {"t": "null"}

    def login(id, remember=False):
        return {"t": "bool", "v": flask_login.login_user(User(id), remember=remember)}

    def logout():
        return {"t": "bool", "v": flask_login.logout_user()}

    def fresh():
        return {"t": "bool", "v": flask_login.login_fresh()}

    more = {"user": user, "login": login, "logout": logout, "fresh": fresh}


def permanent(yes):
    session.permanent = yes


def is_permanent():
    return {"t": "bool", "v": session.permanent}


def modified():
    session.modified = True


def push_flash(message, category="message"):
    flash(neutral.load(message), category)


def flashes():
    return neutral.dump(get_flashed_messages(with_categories=True))


def set_clock(now):
    """Moves the clock that signs and checks cookies; null: the real time."""
    TimestampSigner.get_timestamp = real_time if now is None else lambda self: int(now)


more |= {
    "permanent": permanent, "is_permanent": is_permanent, "modified": modified, "flash": push_flash,
    "flashes": flashes, "clock": set_clock,
}


@app.route("/do", methods=["GET", "POST"])
def do():
    results = ops.run(session, json.loads(request.get_data() or "[]"), more)
    return jsonify(results=results)


@app.route("/nothing")
def nothing():
    return "ok"


@app.route("/versions")
def versions():
    return jsonify({name: version(name) for name in ("flask", "werkzeug", "itsdangerous")})


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections

    def log_request(self, *args):
        pass


logging.getLogger("werkzeug").setLevel(logging.ERROR)
ops.end_with_stdin()
make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler).serve_forever()
