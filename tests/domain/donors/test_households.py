"""The name of a household: one surname for those who share it, all names in full for others."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.households import Head, write_joint_name


def head(name: str) -> Head:
    given_name, _, family_name = name.rpartition(" ")
    return Head(name, given_name, family_name)


@pytest.mark.parametrize(
    ("names", "lang", "joint_name"),
    [
        ([], "pl", ""),
        (["Anna Kowalska"], "pl", "Anna Kowalska"),
        (["Anna Kowalska", "Jan Kowalski"], "pl", "Anna i Jan Kowalscy"),
        (["Ewa Nowak", "Jan Nowak"], "pl", "Ewa i Jan Nowakowie"),
        (["Ewa Nowak", "Jan Kowalski"], "pl", "Ewa Nowak i Jan Kowalski"),
        (
            ["Anna Kowalska", "Jan Kowalski", "Ola Kowalska"],
            "pl",
            "Anna Kowalska, Jan Kowalski i Ola Kowalska",
        ),
        (["Arta Krasniqi", "Agim Krasniqi"], "sq", "Arta dhe Agim Krasniqi"),
        (["Ann Smith", "Bob Smith"], "en", "Ann and Bob Smith"),
        (["Ann Smith", "Bob Jones"], "en", "Ann Smith and Bob Jones"),
        (["Anna Kowalska", "Jan Kowalski"], "en", "Anna Kowalska and Jan Kowalski"),
        (["Fundacja", "Jan Kowalski"], "pl", "Fundacja i Jan Kowalski"),
    ],
)
def test_joint_name(names: list[str], lang: str, joint_name: str) -> None:
    """Only two who share a surname get one, bent as their language bends it."""
    assert write_joint_name([head(name) for name in names], lang) == joint_name
