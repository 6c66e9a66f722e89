"""What a file says of whether its people may be written to, as it is compared with what is known."""

from __future__ import annotations

from donorhub.domain.moving.records import Person


def find_news(person: Person, known_answers: frozenset[str], *, refuses: bool) -> str:
    """Return the consent that a file brings of somebody, if it is not known: "unknown", or "given" and its
    day. One without proof is no news beside any other; where a no stands, none is a proof.
    """
    answer = "unknown" if person.says_yes and (refuses or person.has_no) else person.answer
    return "" if answer in known_answers or (answer == "unknown" and known_answers) else answer


def list_no_channels(person: Person) -> tuple[str, ...]:
    """Return the channels by which somebody wants nothing; "any" is all of them."""
    if person.opt_out == "no_contact":
        return ("any",)
    return (*(("email",) if person.opt_out == "no_email" else ()), *person.no_channels)
