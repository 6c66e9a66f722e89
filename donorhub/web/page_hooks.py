"""What runs around requests for pages only: the API and the webhooks know no cookies, forms or sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from donorhub.web.refusals import is_page, is_path_of_page


class PageSessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie. Who asks the API or posts to a webhook has none, whatever they send."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if is_path_of_page(request.path):
            return super().open_session(app, request)
        return self.make_null_session(app)


@contextmanager
def for_pages_only(app: Flask) -> Iterator[None]:
    """Let what is hooked onto requests inside, by us or by an extension, run for pages only."""
    before, after = app.before_request_funcs[None], app.after_request_funcs[None]
    count_before, count_after = len(before), len(after)
    yield
    openers, closers = before[count_before:], after[count_after:]
    del before[count_before:], after[count_after:]

    def open_page() -> Any:
        if not is_page():
            return None
        for hook in openers:
            answer = app.ensure_sync(hook)()
            if answer is not None:
                return answer
        return None

    def close_page(response: Response) -> Response:
        if is_page():
            for hook in reversed(closers):
                response = app.ensure_sync(hook)(response)
        return response

    app.before_request(open_page)
    app.after_request(close_page)
