"""What readers say of a bank's file in codes, as sentences in the reader's language.

The English of each stands in :mod:`importers.sentences`; the catalogues translate it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext

from donorhub.web.words import bank
from importers import sentences
from importers.codes import Figures, Gap, Ground, Reason, Skip
from importers.statement import Problem
from importers.table.words import Role


def _translate(text: str) -> str:
    return str(gettext(text))


def word_gap(gap: Gap) -> str:
    """What must still be said about the columns of a table."""
    return _translate(sentences.GAPS[gap])


def word_ground(reason: Reason[Ground]) -> str:
    """Why a column has its role, or none."""
    return sentences.write_sentence(sentences.GROUNDS[reason.code], reason.figures, _translate)


def word_skip(skip: Skip) -> str:
    """Why a row is no entry."""
    return _translate(sentences.SKIPS[skip])


def word_fault(reason: Reason[str]) -> str:
    """Why a row, or a whole table, cannot be read."""
    return sentences.write_problem(reason, _translate)


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """A problem for a reader: what it means and the way out, then its figures, then where it stands.

    ``english`` is the reader's own sentence, where nothing says its figures in other words.
    """

    level: str
    means: str
    detail: str
    english: str
    place: str


def word_problem(problem: Problem) -> ProblemWords:
    """A problem in words; one that an earlier version kept has no figures but in its English sentence."""
    key, figures = _split_params(problem)
    has_sentence = sentences.has_sentence(key, figures)
    means = bank.fault(problem.code)
    is_more = has_sentence and (not means or "." in key or sentences.has_figures(key))
    line = problem.params.get("line")
    return ProblemWords(
        level=problem.level,
        means=means,
        detail=word_fault(Reason(key, figures)) if is_more else "",
        english="" if has_sentence else problem.message,
        place=problem.where or "" if line is None else str(gettext("Line %(line)s", line=line)),
    )


def _split_params(problem: Problem) -> tuple[str, Figures]:
    figures = {name: value for name, value in problem.params.items() if name != "cause"}
    key = f"{problem.code}.{problem.params['cause']}" if "cause" in problem.params else problem.code
    return key, figures


def word_roles(groups: Iterable[tuple[str, Iterable[Role]]]) -> dict[str, dict[str, str]]:
    """What a column may hold, by groups, in the order in which it is offered."""
    return {
        str(group): {role: _translate(sentences.ROLES[role]) for role in roles} for group, roles in groups
    }
