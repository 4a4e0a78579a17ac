"""Serves the page to browsers on this machine."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from geomtoy.demo.build import page
from geomtoy.errors import SettingError


def server(port: int) -> ThreadingHTTPServer:
    """A server that has the page, built now, at / and nothing else; it listens to this machine alone.

    Raises:
        SettingError: the port is taken or not allowed.
        FileError: the page cannot be built.
    """
    body = page().encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal is the user's."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise SettingError(
            f"cannot listen on port {port}: {error.strerror}; give another --port"
        ) from None
