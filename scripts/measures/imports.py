"""Who imports whom: areas and their order, circles, imports inside functions and by string."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from scripts.measures.tree import Place, Source, Tree, find_functions

# An area knows those of the steps before its own; two on one step do not know each other.
STEPS = (
    ("access",),
    ("work",),
    ("donors",),
    ("giving",),
    ("receipts", "recurring"),
    ("providers",),
    ("bank",),
    ("messages",),
    ("journeys",),
    ("moving", "public"),
    ("reports",),
)
STEP = {area: number for number, areas in enumerate(STEPS) for area in areas}
LAYERS = ("services", "domain", "api", "web", "schemas", "jobs.kinds")
LATE = {"weasyprint", "stripe", "rq"}  # slow or heavy: loaded where they are used
BY_STRING = {"import_string", "import_module", "__import__", "find_modules", "resolve_name"}

Graph = Mapping[str, set[str]]


def find_imports_in_functions(tree: Tree) -> Iterator[Place]:
    """Return imports inside functions, but for those of the three slow libraries."""
    for source in tree.program:
        lines = {}
        for function in find_functions(source):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    lines[node.lineno] = node
        for node in lines.values():
            libraries = {name.split(".")[0] for name in _libraries(node)}
            if not libraries <= LATE:
                yield source.place(node, ast.unparse(node))


def _libraries(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return ["." * node.level + (node.module or "")]


def find_imports_by_string(tree: Tree) -> Iterator[Place]:
    """Return calls that import what a string names: no import contract sees these."""
    for source in tree.program:
        for node in source.nodes:
            if isinstance(node, ast.Call):
                function = node.func
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                if name in BY_STRING:
                    yield source.place(node, ast.unparse(node))


@cache
def read_imports(tree: Tree) -> dict[str, dict[str, int]]:
    """Return for each module of the program which others it imports, and in which line.

    What only a type checker sees is left out; what a function imports is not.
    """
    modules = {source.module for source in tree.program}
    return {source.module: _read_imports_of(source, modules) for source in tree.program}


def _read_imports_of(source: Source, modules: set[str]) -> dict[str, int]:
    imports: dict[str, int] = {}
    for node in _walk_run_time(source.tree):
        for name in _imported_names(node, source):
            module = name if name in modules else name.rpartition(".")[0]
            if module in modules and module != source.module:
                imports.setdefault(module, getattr(node, "lineno", 1))
    return imports


def _imported_names(node: ast.AST, source: Source) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    module = node.module or ""
    if node.level:
        parts = source.module.split(".")
        kept = len(parts) - node.level + (1 if source.is_package else 0)
        module = ".".join([*parts[:kept], *([module] if module else [])])
    return [f"{module}.{alias.name}" for alias in node.names]


def _walk_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from _walk_run_time(other)
            continue
        yield child
        yield from _walk_run_time(child)


def find_module_circles(tree: Tree) -> Iterator[Place]:
    """Return each circle of modules that import each other."""
    graph = {module: set(imports) for module, imports in read_imports(tree).items()}
    for circle in find_circles(graph):
        yield Place(circle[0].replace(".", "/"), 1, " <-> ".join(circle))


def find_package_circles(tree: Tree) -> Iterator[Place]:
    """Return each circle between modules or packages that lie side by side in one package.

    The four rooms themselves are left out: they all know ``donorhub.money``, and the import contracts say
    what else each of them may know.
    """
    siblings: dict[str, dict[str, set[str]]] = {}
    for module, imports in read_imports(tree).items():
        for imported in imports:
            edge = _siblings_above(module, imported)
            if edge:
                package, one, other = edge
                siblings.setdefault(package, {}).setdefault(one, set()).add(other)
    siblings.pop("", None)
    for package, graph in sorted(siblings.items()):
        for circle in find_circles(graph):
            yield Place(package.replace(".", "/"), 1, " <-> ".join(circle))


def _siblings_above(module: str, imported: str) -> tuple[str, str, str] | None:
    ours, theirs = module.split("."), imported.split(".")
    for depth, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return ".".join(ours[:depth]), one, other
    return None  # one of them is the package of the other


def find_circles(graph: Graph) -> list[list[str]]:
    """Return the strongly connected parts of more than one node, each sorted (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    circles = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        path.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in path:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            part = path[path.index(node) :]
            del path[path.index(node) :]
            if len(part) > 1:
                circles.append(sorted(part))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return circles


def split_area(module: str) -> tuple[str, str] | None:
    """Return the layer and the area of a module, or None for one that lies in no area."""
    for layer in LAYERS:
        inside = module.removeprefix(f"donorhub.{layer}.")
        if inside != module and inside.split(".")[0] in STEP:
            return layer, inside.split(".")[0]
    return None


def count_edges(tree: Tree) -> dict[str, Counter[tuple[str, str]]]:
    """Return for each layer how many imports lead from one of its areas to another."""
    edges: dict[str, Counter[tuple[str, str]]] = {}
    for module, imports in read_imports(tree).items():
        for imported in imports:
            ours, theirs = split_area(module), split_area(imported)
            if ours and theirs and ours[0] == theirs[0] and ours != theirs:
                edges.setdefault(ours[0], Counter())[ours[1], theirs[1]] += 1
    return edges


def find_upward_imports(tree: Tree) -> Iterator[Place]:
    """Return imports, inside one layer, of an area that does not lie before the importing one."""
    paths = {source.module: source.path for source in tree.program}
    for module, imports in read_imports(tree).items():
        for imported, line in imports.items():
            ours, theirs = split_area(module), split_area(imported)
            if not ours or not theirs or ours == theirs or ours[0] != theirs[0]:
                continue
            if STEP[theirs[1]] >= STEP[ours[1]]:
                yield Place(paths[module], line, f"{ours[1]} imports {imported}")
