"""What a table that nobody knows seems to hold, said on the command line as the wizard shows it."""

from __future__ import annotations

from typing import Final

import click

from importers import sentences
from importers.tabular import Draft

LAYOUT_PROBLEMS: Final = frozenset(("layout_unknown", "header_changed"))  # problems after which a draft helps


def show_draft(draft: Draft) -> None:
    """Print what each column seems to be and why, and what stays open until somebody answers."""
    for column in draft.columns:
        role = sentences.ROLES[column.role] if column.role else "left out"
        ground = sentences.write_sentence(sentences.GROUNDS[column.reason.code], column.reason.figures)
        name = column.header or f"column {column.position + 1}"
        click.echo(f"  column {name}: {role} ({ground})")
    for question in draft.questions:
        choices = f" ({', '.join(question.choices)})" if question.choices else ""
        click.echo(
            f"  open {question.code}: {sentences.write_question(question.code, question.gap)}{choices}"
        )
