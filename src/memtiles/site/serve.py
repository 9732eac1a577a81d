"""`memtiles serve`: a site over http, on this machine only."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memtiles.errors import UsageError
from memtiles.manifest import FILE, read_manifest

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Scope

HOST = "127.0.0.1"


def site_application(folder: Path) -> Starlette:
    """The site as an ASGI application: static files with Range, for loopback names only.

    A page of another origin that points its own name at 127.0.0.1 is refused by the Host header:
    what is served is somebody's memory.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import Response
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    class SiteFiles(StaticFiles):
        """Static files without the lock, the staging folder, or anything else hidden."""

        async def get_response(self, path: str, scope: Scope) -> Response:
            if any(part.startswith(".") and part != "." for part in Path(path).parts):
                raise HTTPException(status_code=404)
            response = await super().get_response(path, scope)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            # The manifest changes under the same name; browsers ask, and mostly hear "unchanged".
            response.headers["Cache-Control"] = "no-cache"
            return response

    return Starlette(
        routes=[Mount("/", SiteFiles(directory=folder, html=True))],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def serve_site(folder: Path, port: int, announce: Callable[[str], object]) -> None:
    """Serves until interrupted.

    Args:
        folder: An output folder.
        port: 0 takes any free one.
        announce: Told the address once the port is open.

    Raises:
        UsageError: No site is there, or the port is taken.
    """
    import uvicorn

    try:
        read_manifest((folder / FILE).read_bytes())
    except OSError:
        raise UsageError(f"{folder}: no {FILE} there; build it first") from None
    application: Any = site_application(folder)
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OverflowError:
            raise UsageError(f"port {port}: ports are 0 to 65535; choose one with --port") from None
        except OSError as error:
            raise UsageError(f"port {port}: {error.strerror}; choose another with --port") from None
        listener.listen()
        announce(f"http://{HOST}:{listener.getsockname()[1]}/")
        server.run(sockets=[listener])
