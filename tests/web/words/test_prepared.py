"""What is looked up once a language says what a look-up each time says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from donorhub.web.words import labels, prepared

TEMPLATES = (
    "{{ _('Gifts') }}",
    "{{ _('Found for “%(text)s”', text='<b>') }}",
    "{{ _('All %(count)s', count=3) }}",
    "{{ _('100 %% of <i>') }}",
    "{{ _('not in any catalogue') }}",
)


@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_labels_are_those_of_the_language(app: Flask, lang: str) -> None:
    with app.test_request_context(), force_locale(lang):
        shown = prepared.labels_in(lang)
        for name, words in vars(labels).items():
            if name.isupper() and isinstance(words, Mapping):
                assert getattr(shown, name) == {key: str(text) for key, text in words.items()}, name


@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_sentences_are_those_of_the_catalogue(app: Flask, lang: str, template: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        plain = app.jinja_env.from_string(template).render()
        for _ in range(2):
            assert render_template_string(template) == plain


def test_languages_do_not_mix(app: Flask) -> None:
    for template in ("{{ _('Gifts') }}", "{{ words.STAGES['new'] }}"):
        shown = set()
        for lang in ("pl", "sq", "en"):
            with app.test_request_context(f"/?lang={lang}"):
                shown.add(render_template_string(template))
        assert len(shown) == 3, template


def test_a_chip_escapes_what_it_does_not_know() -> None:
    assert prepared.write_chip({}, {}, "<b>") == '<span class="chip ">&lt;b&gt;</span>'
    assert prepared.write_chip({"x": "a & b"}, {"x": "ok"}, "x") == '<span class="chip ok">a &amp; b</span>'
