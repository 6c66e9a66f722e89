"""Words and sentences in the reader's language, looked up once a language and not once a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace

from flask_babel import get_translations
from markupsafe import Markup, escape

from donorhub.web.words import consent_words, donor_words, labels, text_words

Translate = Callable[..., Markup]


@cache
def labels_in(_lang: str) -> SimpleNamespace:
    """Return all labels and words of donors and texts as plain text; the first time inside a page of this
    language.
    """
    return SimpleNamespace(
        **{
            name: {key: str(text) for key, text in words.items()}
            for module in (labels, donor_words, text_words, consent_words)
            for name, words in vars(module).items()
            if name.isupper() and isinstance(words, Mapping)
        }
    )


@cache
def translator_in(_lang: str) -> Translate:
    """Return what templates call as ``_``; the first time inside a page of this language."""
    translations = get_translations()
    sentences: dict[str, Markup] = {}

    def translate_sentence(message: str, **values: object) -> Markup:
        if values:
            return Markup(translations.ugettext(message)) % values  # noqa: S704  our own text
        try:
            return sentences[message]
        except KeyError:
            sentence = sentences[message] = Markup(translations.ugettext(message)) % {}  # noqa: S704
            return sentence

    return translate_sentence


def write_options(words: Mapping[str, object]) -> Markup:
    """Return the choices of a list that a page shows in each of its rows, written once."""
    one = Markup('<option value="{}">{}</option>')
    return Markup("").join(one.format(value, str(word)) for value, word in words.items())


def write_chip(words: Mapping[str, object], looks: Mapping[str, str], state: str) -> Markup:
    """Return a state as a small coloured word."""
    look, word = escape(looks.get(state, "")), escape(words.get(state, state))
    return Markup(f'<span class="chip {look}">{word}</span>')  # noqa: S704  both are escaped
