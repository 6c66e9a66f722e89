"""Every operation of the API, read from the application itself, with ids that lead nowhere."""

from __future__ import annotations

import re
from typing import NamedTuple

from flask import Flask

from donorhub.api.http import PREFIX


class Route(NamedTuple):
    method: str
    path: str
    rule: str
    scope: str
    commits: bool
    takes_upload: bool

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")


def routes(app: Flask) -> list[Route]:
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(PREFIX):
            continue
        view = app.view_functions[rule.endpoint]
        path = re.sub(r"<source:\w+>", "crm", re.sub(r"<ref:\w+>", "x1", rule.rule))
        path = re.sub(r"<any\(['\"]?([\w-]+)[^>]*>", r"\1", path)  # the first of the words that it takes
        path = re.sub(r"<int[^>]*>", "4711", path).removeprefix(PREFIX)
        found += [
            Route(
                method,
                path,
                rule.rule,
                getattr(view, "_requires", ""),
                getattr(view, "_commits", False),
                getattr(view, "_takes_upload", False),
            )
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return sorted(found)
