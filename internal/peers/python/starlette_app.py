"""A real Starlette application that does to its session what the request says. Usage: starlette_app.py PORT OPTIONS"""
import json
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")

import uvicorn  # noqa: E402
from itsdangerous import TimestampSigner  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.middleware.sessions import SessionMiddleware  # noqa: E402
from starlette.responses import JSONResponse, PlainTextResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

import neutral  # noqa: E402
import ops  # noqa: E402

port, options = int(sys.argv[1]), json.loads(sys.argv[2])
real_time = TimestampSigner.get_timestamp


def set_clock(now):
    TimestampSigner.get_timestamp = real_time if now is None else lambda self: int(now)


async def do(request):
    body = await request.body()
    return JSONResponse({"results": ops.run(request.session, json.loads(body or b"[]"), {"clock": set_clock})})


async def nothing(request):
    return PlainTextResponse("ok")


async def versions(request):
    return JSONResponse({name: version(name) for name in ("starlette", "itsdangerous", "uvicorn")})


app = Starlette(
    routes=[
        Route("/do", do, methods=["GET", "POST"]),
        Route("/nothing", nothing),
        Route("/versions", versions),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=neutral.secret(options["secret"]), **(options.get("config") or {}))],
)

ops.end_with_stdin()
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", access_log=False)
