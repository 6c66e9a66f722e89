"""The words that pages use for what donors say of being written to, in the reader's language."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from donorhub.models.states import (
    Channel,
    ConsentBasis,
    ConsentChannel,
    ConsentPurpose,
    ConsentState,
    ConsentTextKind,
    MessageCategory,
    PreferenceFormat,
    PreferenceFrequency,
    PreferenceTopic,
    SuppressionScope,
)
from donorhub.services.messages.consents import SaidState
from donorhub.web.words.labels import Words

CHANNELS: Final[Words[Channel]] = {
    "email": lazy_gettext("By e-mail"),
    "sms": lazy_gettext("By SMS"),
    "post": lazy_gettext("By post"),
    "phone": lazy_gettext("By phone"),
}
CONSENT_CHANNELS: Final[Words[ConsentChannel]] = {
    "any": lazy_gettext("By every channel"),
    "email": lazy_gettext("By e-mail"),
    "sms": lazy_gettext("By SMS"),
    "post": lazy_gettext("By post"),
    "phone": lazy_gettext("By phone"),
}
COUNTRIES: Final[Words[str]] = {  # that have rules of their own
    "AL": lazy_gettext("Albania"),
    "DE": lazy_gettext("Germany"),
    "PL": lazy_gettext("Poland"),
    "XK": lazy_gettext("Kosovo"),
    "": lazy_gettext("Every other country"),
}
CATEGORIES: Final[Words[MessageCategory]] = {
    "transactional": lazy_gettext("Receipts and what was asked for"),
    "dunning": lazy_gettext("Reminders of a promise"),
    "thanks": lazy_gettext("Thanks"),
    "stewardship": lazy_gettext("Stories and surveys"),
    "bulletin": lazy_gettext("Bulletin"),
    "appeal": lazy_gettext("Appeals"),
}
CONSENT_PURPOSES: Final[Words[ConsentPurpose]] = {
    "all": lazy_gettext("Everything"),
    "dunning": lazy_gettext("Reminders of a promise"),
    "thanks": lazy_gettext("Thanks"),
    "stewardship": lazy_gettext("Stories and surveys"),
    "bulletin": lazy_gettext("Bulletin"),
    "appeal": lazy_gettext("Appeals"),
}
CONSENT_STATES: Final[Words[ConsentState]] = {
    "requested": lazy_gettext("asked for"),
    "given": lazy_gettext("consent given"),
    "withdrawn": lazy_gettext("consent withdrawn"),
    "opt_out": lazy_gettext("said no"),
    "unknown": lazy_gettext("a yes without proof"),
    "lifted": lazy_gettext("the no was taken back"),
}
CONSENT_LOOKS: Final = {
    "given": "ok",
    "withdrawn": "no",
    "opt_out": "no",
    "unknown": "warn",
    "requested": "info",
}
SAID_STATES: Final[Words[SaidState]] = {
    "opt_out": lazy_gettext("They said no"),
    "given": lazy_gettext("They gave their consent"),
    "withdrawn": lazy_gettext("They withdrew their consent"),
}
CONSENT_SOURCES: Final[Words[str]] = {
    "phone": lazy_gettext("by phone"),
    "letter": lazy_gettext("by letter"),
    "email": lazy_gettext("by e-mail"),
    "in_person": lazy_gettext("in person"),
    "form": lazy_gettext("on a form"),
    "complaint": lazy_gettext("by a complaint"),
    "other": lazy_gettext("in another way"),
}
OTHER_CONSENT_SOURCES: Final[Words[str]] = {
    "staff": lazy_gettext("decided here"),
    "upgrade": lazy_gettext("known before an upgrade"),
    "import": lazy_gettext("from a file"),
    "undo": lazy_gettext("its file was taken back"),
    "merge": lazy_gettext("when two records became one"),
    "api": lazy_gettext("over the API"),
}
CONSENT_BASES: Final[Words[ConsentBasis]] = {
    "consent": lazy_gettext("needs consent"),
    "legitimate_interest": lazy_gettext("until they object"),
}
CONSENT_TEXT_KINDS: Final[Words[ConsentTextKind]] = {
    "consent": lazy_gettext("What they agree to"),
    "information": lazy_gettext("What they are told"),
}
PREFERENCE_TOPICS: Final[Words[PreferenceTopic]] = {
    "any": lazy_gettext("About everything"),
    "one_action": lazy_gettext("About one action"),
    "news": lazy_gettext("Regular news"),
    "campaigns": lazy_gettext("Campaigns"),
    "events": lazy_gettext("Events"),
}
PREFERENCE_FORMATS: Final[Words[PreferenceFormat]] = {
    "any": lazy_gettext("In any form"),
    "text": lazy_gettext("As text"),
    "pictures": lazy_gettext("With pictures"),
    "video": lazy_gettext("As video"),
}
PREFERENCE_FREQUENCIES: Final[Words[PreferenceFrequency]] = {
    "any": lazy_gettext("As often as there is something"),
    "daily": lazy_gettext("At most once a day"),
    "weekly": lazy_gettext("At most once a week"),
    "monthly": lazy_gettext("At most once a month"),
    "quarterly": lazy_gettext("At most once a quarter"),
    "yearly": lazy_gettext("At most once a year"),
}
SUPPRESSION_SCOPES: Final[Words[SuppressionScope]] = {
    "everything": lazy_gettext("everything"),
    "all_but_legal": lazy_gettext("everything but receipts"),
    "marketing": lazy_gettext("appeals, bulletin and stories"),
}
# Why not, where the channel need not be e-mail; all else is told by the codes of outcomes.
HOLDS: Final[Words[str]] = {
    "no_address": lazy_gettext("there is no address or number"),
    "suppressed": lazy_gettext("the address is on the suppression list"),
}
