"""What offices write where they do not know the giver: no name, however many rows share it.

A text is nobody's where every word of it is such a word, or one that goes with it; one word more, as in ``Jan
Nieznany`` or ``Malcolm X``, may be somebody's name.
"""

from __future__ import annotations

import re
from typing import Final

from donorhub.domain.payer_text import fold_letters

_WHOLE_TEXTS: Final = frozenset(
    "brak danych|brak nazwiska|brak imienia|brak nazwy|bez nazwiska|bez imienia|bez nazwy|nie wiadomo|"
    "nie wiadomo kto|nie podano|nie podal|nie podala|no name|name withheld|name unknown|not known|not given|"
    "pa emer|pa mbiemer|pa emer mbiemer|nuk dihet|s dihet|sdihet|ohne namen|ktos|ktos z parafii|dikush|"
    "somebody|someone|jemand|noname|unnamed|do not publish|wishes to remain anonymous|"
    "wants to remain anonymous|deshiron te mbetet anonim|chce pozostac anonimowy|chce pozostac anonimowa|"
    "nie chce podawac nazwiska|wplatomat|gotowka|wplata gotowkowa|wplata wlasna|cash|cash deposit|kesh|"
    "para ne dore|bargeld|rodzice|rodzic|prinderit|prind|parents|parent".split("|")
)
_NOBODY: Final = re.compile(
    r"anonim(?:|e|ja|i|o|a|us|ka|ni|ne|et|ow[aeyio]?|owo|owych|owemu|owym|owych|ve|isht|eve)|"
    r"anonym(?:|e|er|es|en|ous|ously|us)|nieznan[aiyeo]|niezidentyfikowan[aye]|nieokreslon[aye]|"
    r"panjohur[aei]?|paidentifikuar|unknown|unidentified|incognito|unbekannt(?:|e|er|es)|"
    r"x{1,5}|n{2,3}|iks(?:insk[ia])?|nieujawnion[aye]"
)
_BESIDE: Final = frozenset(
    "a i e s te the an of from od nga by z pan pani panna p pp ks mr mrs ms zoti zonja zonje znj herr "
    "frau panstwo darczynca darczyncy darczyni darczynczyni darczynczynie dawca dawczyni ofiarodawca "
    "ofiarodawczyni osoba osoby wplacajacy wplacajaca wplata wplaty wplacajacego darowizna darowizny "
    "dar ofiara nadawca klient gosc sponsor przyjaciel donor donors donator donatori donatore donatorja "
    "dhurues dhuruesi dhuruese dhuruesja dhurim dhurimi dhurime person personi giver gift gifts "
    "donation donations contribution supporter friend sender payer spender spenderin spende nr no imie "
    "nazwisko name emri emer ".split()
)
_WORD: Final = re.compile(r"[^\W_]+")
_INITIALS: Final = re.compile(r"(?:n[ ./]{1,2}n|x[ ./]{0,2}[xyz]|n[ ./]{1,2}z)")


def is_nobody(name: str) -> bool:
    """Return whether a name says that nobody knows whose the money is: ``anonim``, ``N.N.``, ``p. X``."""
    folded_text = fold_letters(name).strip(" .,;:!?-'\"()[]")
    words = _WORD.findall(folded_text)
    if not any(map(str.isalpha, folded_text)):
        return True
    if _INITIALS.fullmatch(folded_text) or " ".join(words) in _WHOLE_TEXTS:
        return True
    nobodies = [word for word in words if _NOBODY.fullmatch(word)]
    others = [word for word in words if not _NOBODY.fullmatch(word)]
    return bool(nobodies) and all(word in _BESIDE or word.isdigit() for word in others)
