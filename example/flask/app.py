"""The Flask half of the demonstration: an ordinary Flask application.

It knows nothing of Go. What the two share is SECRET_KEY, and with it the
session cookie.
"""

import base64
import json
import os
import secrets
import signal
import sys
import threading
import uuid
from datetime import datetime, timezone

from flask import Flask, flash, jsonify, redirect, render_template_string, request, session
from markupsafe import Markup

GOODS = [
    ("Assam", "malty, for the first hour"),
    ("Darjeeling", "first flush, light and floral"),
    ("Sencha", "green, a little salt, a little sea"),
    ("Rooibos", "red, no caffeine, all evening"),
]

app = Flask(__name__)
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"


@app.get("/flask/")
def home():
    return render_template_string(
        app.config["PAGE"],
        goods=GOODS,
        rows=[(key, type(value).__name__, show(value)) for key, value in session.items() if key != "_flashes"],
    )


@app.post("/flask/login")
def login():
    user = request.form.get("user")
    if not user:
        return problem('the field "user" is missing')
    session["user"] = user
    return done({"user": user}, f"Flask welcomes {user}.")


@app.post("/flask/logout")
def logout():
    session.clear()
    return done({"ok": True})


@app.post("/flask/cart")
def change_cart():
    item, add = request.form.get("item"), request.form.get("add", type=int)
    if item not in dict(GOODS) or add is None or abs(add) > 99:
        return problem('the field "item" must name an item, and the field "add" a number')
    cart = dict(session.get("cart", {}))
    cart[item] = min(cart.get(item, 0) + add, 99)
    session["cart"] = {name: count for name, count in cart.items() if count > 0}
    message = f"Flask added one {item} to the cart." if add > 0 else f"Flask removed one {item}."
    return done({"cart": session["cart"]}, message)


@app.post("/flask/order")
def order():
    """Stores one value of each type that Flask's sessions distinguish."""
    session["order_id"] = uuid.uuid4()
    session["ordered_at"] = datetime.now(timezone.utc).replace(microsecond=0)
    session["order"] = tuple(session.get("cart", {}).items())
    session["seal"] = secrets.token_bytes(8)
    session["thanks"] = Markup("<b>Thank you</b> from Flask")
    return done({"ok": True}, "Ordered from Flask.")


@app.get("/flask/session")
def show_session():
    return jsonify(values={key: plain(value) for key, value in session.items()})


@app.get("/flask/set-session")
def set_application():
    session["application"] = "flask"
    return jsonify(ok=True)


@app.get("/flask/get-session")
def get_application():
    return jsonify(message=plain(session.get("application")))


@app.get("/flask/delete-session")
def delete_application():
    session.pop("application", None)
    return jsonify(ok=True)


def done(answer, message=None):
    """Sends JSON to a program, and redirects a browser back to the page."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(answer)
    if message:
        flash(message, "success")
    return redirect("/flask/", 303)


def problem(text):
    return jsonify(error=text), 400


def plain(value):
    """Returns a session value in the form of JSON."""
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


def show(value):
    """Returns a session value for people."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    value = plain(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def serve():
    """Serves on a free port, which is the first line of output, until standard
    input ends: then the Go program that started us is gone."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *args):
            pass

    def follow_parent():
        sys.stdin.read()
        os._exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent gets them, too, and ends us
    settings = json.loads(sys.stdin.readline())
    app.secret_key, app.config["PAGE"] = settings["secret"], settings["page"]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=follow_parent, daemon=True).start()
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
