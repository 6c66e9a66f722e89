"""Names that say too little or too much: a bare participle, a function of one word, a test of many words."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scripts.measures.tree import Function, Place, Source, Tree

# Past tenses and participles that stand alone as a name: found, told, _written. A name of several words may
# hold one (`is_known`, `entry_in_ledger`), and so may a class (`Changed` is an error that is raised).
IRREGULAR = set(
    """
    asked become been began begun bought bound broke broken brought built came caught chose chosen done drawn
    dropped fallen fed fell felt found forgot forgotten frozen gave given gone got grown had heard held hidden
    kept knew known laid learnt led left lent lost made meant met paid proven ran said sang sat saw seen sent
    shaken shown sold sought spent spoke spoken stood stuck struck stolen taken taught thought threw thrown
    told took torn understood undrawn unknown unwritten was went were withdrawn woken won worn woven written
    wrote wanted
    """.split()
)
# They end like a participle and are none, or are the everyday noun or adjective of the thing.
NOUNS = set("bed embed exceed feed indeed need proceed red seed shed speed succeed unneeded weed wed".split())

TEST_WORDS = 8  # the case; the whole statement is the test's docstring

# Functions of one word that may stay, each with the reason.
ALLOWED_FUNCTIONS = {
    "main": "the entry point of a program, by custom",
    "upgrade": "Alembic calls it",
    "register": "a room hands its routes to the application",
    "commit": "the word of the database",
    "report": "the one way in which an error reaches the log, named so in the guide",
    "read": "the front door of each bank format, named so in the guide",
    "stream": "its other half, piece by piece",
    "parseOfxDateTime": "ofxparse calls it",
    "toDecimal": "ofxparse calls it",
    "parseTransaction": "ofxparse calls it",
    "flush": "the word of the database",
    "load": "gunicorn and marshmallow call it",
    "arguments": "the word of flask-smorest",
    "response": "the word of flask-smorest",
    "dump": "the word of marshmallow",
    "validate": "the word of WTForms",
    "format": "the word of a text, which marshmallow calls",
    "serialize": "the word of the session interface that is implemented",
    "deserialize": "the word of the session interface that is implemented",
    "readable": "waitress asks each connection",
    "received": "waitress tells each connection",
    "run": "jobs that lie in Redis name it",
    "restore": "RQ calls it",
    "perform": "RQ calls it",
    "fetch": "WeasyPrint calls it",
    "decorate": "the inner function of a decorator",
    "wrapper": "the inner function of a decorator",
    "wrapped": "the inner function of a decorator",
    "process": "SQLAlchemy's compiler and types look for it",
    "fileno": "a file's own word",
    "operate": "SQLAlchemy's comparators have it",
    "write": "a file's own word",
    "emit": "the word of logging's handlers",
    "now": "clock.now(), as datetime has it",
    "parse": "Money.parse, named so in the guide",
    "ngettext": "Babel looks for it",
    "gettext": "Babel looks for it",
    "N": "Babel looks for N_",
}


def find_participles(tree: Tree) -> Iterator[Place]:
    """Return each binding of a variable, parameter or function whose whole name is a participle."""
    for source in tree.program:
        bindings = list(_bindings(source))
        names = {name for _node, name in bindings}
        for node, name in bindings:
            word = name.strip("_").lower()
            if word == "left" and "right" in names:
                continue  # the left side, beside the right one
            if is_participle(word):
                yield source.place(node, name)


def is_participle(word: str) -> bool:
    """Return whether one word is a past tense or participle."""
    if word in IRREGULAR:
        return True
    return word.endswith("ed") and "_" not in word and word not in NOUNS


def count_bindings(tree: Tree) -> int:
    """Return how often a variable, parameter or function is given its name."""
    return sum(1 for source in tree.program for _binding in _bindings(source))


def _bindings(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, Function):
            yield node, node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node, node.name


def find_functions_of_one_word(tree: Tree) -> Iterator[Place]:
    """Return functions and methods that are called by one word, but for properties and allowed ones."""
    for source in tree.program:
        for node in source.nodes:
            if isinstance(node, Function) and not _is_property(node) and not node.name.startswith("__"):
                word = node.name.strip("_")
                if "_" not in word and word not in ALLOWED_FUNCTIONS:
                    yield source.place(node, node.name)


def find_long_test_names(tree: Tree) -> Iterator[Place]:
    """Return the tests whose name has more than ``TEST_WORDS`` words after ``test_``."""
    for source in tree.sources:
        for node in source.nodes:
            if not isinstance(node, Function) or not node.name.startswith("test_"):
                continue
            if node.name.count("_") > TEST_WORDS:
                yield source.place(node, node.name)


def _is_property(function: Function) -> bool:
    words = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
    return any(word in words for word in ("property", "setter", "expression"))
