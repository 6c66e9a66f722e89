"""What any text may say of a donor and of us: the greeting first, and what the donor asked to be called
wins.
"""

from __future__ import annotations

from donorhub.domain.donors import salutation
from donorhub.domain.messages import wording
from donorhub.models import Donor
from donorhub.models.states import Channel, Lang, TemplateKind
from donorhub.services.access import organisation

Facts = dict[str, object]


def describe_donor(donor: Donor, lang: Lang, *, kind: TemplateKind, channel: Channel = "email") -> Facts:
    """Return what a text of this kind may say of its donor and of us. To Liquid an empty text is true, so
    that what is not known is None.
    """
    ours = organisation.get_organisation()
    facts: Facts = {
        "salutation": write_salutation(donor, lang),
        "name": donor.name,
        "given_name": donor.given_name or None,
        "family_name": donor.family_name or None,
        "organisation": ours.legal_name,
        "contact": ours.contact or None,
    }
    if channel == "email":
        facts["how_to_stop"] = wording.write_how_to_stop(kind, lang, ours.contact)
    return facts


def write_salutation(donor: Donor, lang: Lang | None = None) -> str:
    """Return how the donor is addressed, in their language unless another is named; what they asked for wins.

    It follows from the name as it is now: nothing of it is kept.
    """
    lang = lang or donor.lang
    if donor.salutation:
        return donor.salutation
    if donor.kind == "household":
        return salutation.write_greeting_of_household(lang, donor.name)
    if donor.kind != "person" or not donor.given_name:
        return salutation.write_greeting_of_organisation(lang)
    return salutation.write_greeting(
        lang, donor.given_name, donor.family_name, title=salutation.find_title(donor.name)
    )
