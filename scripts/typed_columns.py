"""A plugin of mypy that checks columns where SQLAlchemy takes anything.

SQLAlchemy compares a column with ``Any`` and takes keywords of any name, so that a misspelt state or column
would only show when the line runs. With this plugin mypy refuses it:

* ``Entry.state == "suspence"``, ``!=``, ``in_`` and ``not_in`` with a value that the column cannot hold,
* ``Entry(stat="new")``, ``update(Entry).values(…)``, ``insert(Entry).values(…)`` and
  ``select(Entry).filter_by(…)`` with a name that is no column, or with a value that the column cannot hold.

tests/test_types.py plants one of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mypy.nodes import (
    ARG_NAMED_OPT,
    ARG_STAR2,
    CallExpr,
    ComparisonExpr,
    Expression,
    MemberExpr,
    RefExpr,
    TypeInfo,
    Var,
)
from mypy.plugin import FunctionSigContext, MethodSigContext, Plugin
from mypy.subtypes import is_subtype
from mypy.typeops import make_simplified_union
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    NoneType,
    TupleType,
    Type,
    UnionType,
    get_proper_type,
)

MODELS = "donorhub.models."
MAPPED = "sqlalchemy.orm.base.Mapped"
EXPRESSION = "sqlalchemy.sql.roles.SQLRole"
OPERATIONS = "sqlalchemy.sql.elements.SQLCoreOperations"
COLUMN = "sqlalchemy.orm.attributes.InstrumentedAttribute."
# Functions whose first argument is the table that the keywords of ``values`` are columns of.
STATEMENTS = {"insert", "update", "insert_or_ignore", "insert_or_update", "insert_for"}
SOURCES = {"select", "join", "outerjoin", "select_from"}


def plugin(_version: str) -> type[Plugin]:
    return TypedColumns


class TypedColumns(Plugin):
    def get_function_signature_hook(
        self, fullname: str
    ) -> Callable[[FunctionSigContext], FunctionLike] | None:
        return check_constructor if fullname.startswith(MODELS) else None

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        if fullname in (f"{COLUMN}__eq__", f"{COLUMN}__ne__"):
            return check_comparison
        if fullname in (f"{COLUMN}in_", f"{COLUMN}not_in"):
            return check_membership
        if fullname.startswith("sqlalchemy.") and fullname.endswith(".values"):
            return check_values
        if fullname.startswith("sqlalchemy.") and fullname.endswith(".filter_by"):
            return check_filter
        return None


def check_constructor(context: FunctionSigContext) -> CallableType:
    """Return the signature of a model's class with its columns as keywords."""
    signature = context.default_signature
    made = get_proper_type(signature.ret_type)
    if not isinstance(made, Instance) or not made.type.has_base("donorhub.db.Base"):
        return signature
    return with_keywords(signature, read_columns(made.type))


def check_values(context: MethodSigContext) -> CallableType:
    """Return the signature of ``values`` with the columns of the statement's table as keywords."""
    entities = list(find_entities(context.context, STATEMENTS))
    if not any(names_keyword(context)) or not entities:
        return context.default_signature
    columns = {name: or_expression(mapped) for name, mapped in read_mapped(entities[0]).items()}
    return with_keywords(context.default_signature, columns)


def check_filter(context: MethodSigContext) -> CallableType:
    """Return the signature of ``filter_by`` with the columns of all that is selected from as keywords."""
    columns: dict[str, Type] = {}
    for entity in [*find_entities(context.context, SOURCES), *find_selected(context.type)]:
        for name, type_ in read_columns(entity).items():
            columns[name] = make_simplified_union([columns[name], type_]) if name in columns else type_
    if not columns:
        context.api.fail("cannot tell whose columns these are: write where(…) instead", context.context)
        return context.default_signature
    return with_keywords(context.default_signature, columns)


def check_comparison(context: MethodSigContext) -> CallableType:
    """Return the signature of ``==`` and ``!=``; of one that can never hold, a result that no query takes.

    An error of this method itself would be lost: mypy would try the other value's ``==`` next.
    """
    signature = context.default_signature
    column = find_held_type(context.type)
    other = context.api.get_expression_type(context.args[0][0])
    if column is None or can_stand_in(other, column):
        return signature
    text = context.api.named_generic_type("builtins.str", [])
    compared = context.context.operands[0] if isinstance(context.context, ComparisonExpr) else None
    name = compared.name if isinstance(compared, MemberExpr) else "a column"
    complaint = LiteralType(f"{name} compared with {other}, which it cannot hold", fallback=text)
    return signature.copy_modified(ret_type=complaint)


def check_membership(context: MethodSigContext) -> CallableType:
    """Return the signature of ``in_`` and ``not_in`` with the column's own type as that of the values."""
    signature = context.default_signature
    values = get_proper_type(signature.arg_types[0])
    if not isinstance(values, UnionType) or not isinstance(context.type, Instance):
        return signature
    value = or_expression(context.type)
    items = [get_proper_type(item) for item in values.items]
    items = [
        item.copy_modified(args=[value]) if isinstance(item, Instance) and item.args else item
        for item in items
    ]
    return signature.copy_modified(arg_types=[UnionType(items)])


def find_held_type(attribute: Type) -> Type | None:
    """Return what a column holds, without None."""
    attribute = get_proper_type(attribute)
    if not isinstance(attribute, Instance) or not attribute.args:
        return None
    held = get_proper_type(attribute.args[0])
    if isinstance(held, UnionType):
        return make_simplified_union(
            [item for item in held.items if not isinstance(get_proper_type(item), NoneType)]
        )
    return held


def can_stand_in(other: Type, column: Type) -> bool:
    """Return whether a value, or each of several that it may be, can stand in a column."""
    other = get_proper_type(other)
    if isinstance(other, UnionType):
        return all(can_stand_in(item, column) for item in other.items)
    if isinstance(other, AnyType | NoneType):
        return True
    if isinstance(other, Instance) and (other.type.has_base(EXPRESSION) or other.type.has_base(OPERATIONS)):
        return True
    return is_subtype(other, column)


def or_expression(mapped: Instance) -> Type:
    """Return the type of what a column holds or an expression of SQL that gives it."""
    operations = next(base for base in mapped.type.mro if base.fullname == OPERATIONS)
    return make_simplified_union([mapped.args[0], Instance(operations, [mapped.args[0]])])


def read_columns(entity: TypeInfo) -> dict[str, Type]:
    """Return the mapped attributes of a model and what each holds."""
    return {name: mapped.args[0] for name, mapped in read_mapped(entity).items()}


def read_mapped(entity: TypeInfo) -> dict[str, Instance]:
    columns: dict[str, Instance] = {}
    for base in reversed(entity.mro):
        for name, symbol in base.names.items():
            mapped = get_proper_type(symbol.node.type) if isinstance(symbol.node, Var) else None
            if isinstance(mapped, Instance) and mapped.type.fullname == MAPPED:
                columns[name] = mapped
    return columns


def with_keywords(signature: CallableType, columns: dict[str, Type]) -> CallableType:
    """Return a signature that takes columns as its only keywords."""
    kept = [place for place, kind in enumerate(signature.arg_kinds) if kind != ARG_STAR2]
    return signature.copy_modified(
        arg_types=[*(signature.arg_types[place] for place in kept), *columns.values()],
        arg_kinds=[*(signature.arg_kinds[place] for place in kept), *[ARG_NAMED_OPT] * len(columns)],
        arg_names=[*(signature.arg_names[place] for place in kept), *columns],
    )


def names_keyword(context: MethodSigContext) -> Iterator[bool]:
    call = context.context
    if isinstance(call, CallExpr):
        yield from (name is not None for name in call.arg_names)
        yield from (kind.is_star() for kind in call.arg_kinds)


def find_entities(call: object, functions: set[str]) -> Iterator[TypeInfo]:
    """Return the models that the calls of a chain such as ``update(Entry).where(…).values`` are about."""
    while isinstance(call, CallExpr):
        callee = call.callee
        if name_of(callee) in functions:
            for argument in call.args:
                entity = entity_of(argument)
                if entity is not None:
                    yield entity
        call = callee.expr if isinstance(callee, MemberExpr) else None


def find_selected(statement: Type) -> Iterator[TypeInfo]:
    """Return the models in the rows that a statement gives."""
    statement = get_proper_type(statement)
    for argument in statement.args if isinstance(statement, Instance) else ():
        row = get_proper_type(argument)
        items = row.items if isinstance(row, TupleType) else [row]
        for item in map(get_proper_type, items):
            if isinstance(item, Instance) and item.type.has_base("donorhub.db.Base"):
                yield item.type


def name_of(callee: Expression) -> str:
    if isinstance(callee, MemberExpr):
        return callee.name
    return callee.name if isinstance(callee, RefExpr) else ""


def entity_of(argument: Expression) -> TypeInfo | None:
    """Return the model that an argument names, by itself or by one of its columns."""
    if isinstance(argument, RefExpr) and isinstance(argument.node, TypeInfo):
        return argument.node
    return entity_of(argument.expr) if isinstance(argument, MemberExpr) else None
