"""What may be refused: errors for people, each with a stable code.

Services raise these for the caller's fault and let everything else rise. What an
answer over HTTP or a line on the command line looks like is decided there, not here.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DonorHubError(Exception):
    """Something was refused. ``message`` names the thing and the way out."""

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None, **facts: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.specific_code = code or self.code
        self.field = field  # JSON pointer such as "/amount/currency", where one field is at fault
        self.facts = facts  # plain values for the page that explains, never personal data


class NotFound(DonorHubError):
    """There is no such row, or not for this actor; the message does not say which."""

    code = "not_found"


class Conflict(DonorHubError):
    """The row is not in a state that allows this, or somebody changed it first."""

    code = "conflict"


class Changed(Conflict):
    """What was confirmed is not what would be done now: nothing is, and it is to be shown anew.

    ``now`` is what would be done, as the service that refused it describes it.
    """

    code = "changed"

    def __init__(self, message: str, *, now: object, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.now = now


class Rejected(DonorHubError):
    """The request is well formed and still cannot be: a closed fund, a gift already receipted."""

    code = "rejected"


class Forbidden(DonorHubError):
    """The actor signed in and may not do this."""

    code = "forbidden"


class Unauthenticated(DonorHubError):
    """Nobody signed in, or with a wrong password or token."""

    code = "unauthenticated"


class Busy(DonorHubError):
    """The database could not take the write in time; asking again is safe."""

    code = "busy"


class Misconfigured(DonorHubError):
    """A setting is wrong or missing; the message names it."""

    code = "misconfigured"
