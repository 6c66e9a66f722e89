"""The shipped texts of e-mails, in Liquid, one for each kind and language; letters have their own file.

An organisation may replace each by its own (table ``template``). A thank-you belongs to
its gift and asks for nothing. How to reach us and to stop further mail is told only where the organisation
has named a contact: nobody promises that answers are read. A Polish date ends with
the full stop of "r." and needs no second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from donorhub.domain.messages.letter_wording import LETTERS, Wording

SHIPPED_VERSION: Final = "shipped-5"


MAILS: Final[Mapping[tuple[str, str], Wording]] = {
    ("thank_you", "en"): Wording(
        "Thank you for your gift{% if gifts %}s{% endif %} of {{ amount }}",
        """{{ salutation }}

{% if gifts %}thank you for your gifts of {{ amount }} in all, which have reached us:
{% for gift in gifts %}- {{ gift.line }}
{% endfor %}{% else %}thank you for your gift of {{ amount }}, which reached us on {{ received_on }}.
{% if funds %}It goes to: {{ funds }}.
{% endif %}{% endif %}
What you make possible matters to us.{% if contact %}
If you have a question, write to us: {{ contact }}{% endif %}

{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("thank_you", "pl"): Wording(
        "Dziękujemy za {% if gifts %}darowizny w{% else %}darowiznę w{% endif %} kwocie {{ amount }}",
        """{{ salutation }}

{% if gifts %}dziękujemy za darowizny w łącznej kwocie {{ amount }}, które do nas wpłynęły:
{% for gift in gifts %}- {{ gift.line }}
{% endfor %}{% else %}dziękujemy za darowiznę w kwocie {{ amount }}, która wpłynęła do nas {{ received_on }}
{% if funds %}Przeznaczenie: {{ funds }}.
{% endif %}{% endif %}
To, co możliwe dzięki takiemu wsparciu, jest dla nas ważne.{% if contact %}
W razie pytań prosimy o kontakt: {{ contact }}{% endif %}

{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("thank_you", "sq"): Wording(
        "Faleminderit për {% if gifts %}donacionet{% else %}donacionin{% endif %} prej {{ amount }}",
        """{{ salutation }}

{% if gifts %}faleminderit për donacionet prej {{ amount }} gjithsej, që na arritën:
{% for gift in gifts %}- {{ gift.line }}
{% endfor %}{% else %}faleminderit për donacionin prej {{ amount }}, që na arriti më {{ received_on }}.
{% if funds %}Qëllimi: {{ funds }}.
{% endif %}{% endif %}
Ajo që bëni të mundur ka rëndësi për ne.{% if contact %}
Nëse keni pyetje, na shkruani: {{ contact }}{% endif %}

{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("receipt", "en"): Wording(
        "Your receipt {{ number }}",
        """{{ salutation }}

the receipt {{ number }} of {{ issued_on }} for your giving is attached as a PDF. Please keep it.
{% if contact %}
If something on it is wrong, please tell us: {{ contact }}
{% endif %}
{{ organisation }}
""",
    ),
    ("receipt", "pl"): Wording(
        "Potwierdzenie {{ number }}",
        """{{ salutation }}

w załączniku przesyłamy potwierdzenie darowizny {{ number }} z dnia {{ issued_on }} jako plik PDF.
Prosimy je zachować.
{% if contact %}
Jeśli coś się w nim nie zgadza, prosimy o wiadomość: {{ contact }}
{% endif %}
{{ organisation }}
""",
    ),
    ("receipt", "sq"): Wording(
        "Vërtetimi juaj {{ number }}",
        """{{ salutation }}

bashkëngjitur gjeni vërtetimin {{ number }} të datës {{ issued_on }} për donacionin tuaj, si PDF.
Ju lutemi ruajeni.
{% if contact %}
Nëse diçka në të nuk është e saktë, ju lutemi na njoftoni: {{ contact }}
{% endif %}
{{ organisation }}
""",
    ),
    ("personal", "en"): Wording(
        "{{ subject }}",
        """{{ salutation }}

{{ text }}

{{ author }}
{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("personal", "pl"): Wording(
        "{{ subject }}",
        """{{ salutation }}

{{ text }}

{{ author }}
{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("personal", "sq"): Wording(
        "{{ subject }}",
        """{{ salutation }}

{{ text }}

{{ author }}
{{ organisation }}

{{ how_to_stop }}
""",
    ),
    ("mail_test", "en"): Wording(
        "A test of your mail: it has arrived",
        """This mail was sent by the donor register of {{ organisation }} to see whether its mail arrives.

If you asked for it, open this address. It notes that the mail came:
{{ link }}

If it lies among unwanted mail, move it out of there: donors' mail would lie there too.
""",
    ),
    ("mail_test", "pl"): Wording(
        "Próba poczty: wiadomość dotarła",
        """Tę wiadomość wysłała baza darczyńców ({{ organisation }}), aby sprawdzić, czy jej poczta dociera.

Jeśli to Państwo o nią prosili, prosimy otworzyć ten adres. Zapisze on, że wiadomość doszła:
{{ link }}

Jeśli leży w spamie, prosimy ją stamtąd przenieść: trafiałyby tam też wiadomości do darczyńców.
""",
    ),
    ("mail_test", "sq"): Wording(
        "Provë e postës: mesazhi mbërriti",
        """Këtë mesazh e dërgoi regjistri i donatorëve ({{ organisation }}) për të parë nëse mbërrin posta.

Nëse e kërkuat ju, hapeni këtë adresë. Ajo shënon që mesazhi erdhi:
{{ link }}

Nëse gjendet te postat e padëshiruara, nxirreni prej andej: aty do të binin edhe mesazhet për donatorët.
""",
    ),
    ("new_donor", "en"): Wording(
        "A new donor: {{ code }}",
        """A new donor came in {{ source }}: {{ code }}.

{{ link }}
""",
    ),
    ("new_donor", "pl"): Wording(
        "Nowy darczyńca: {{ code }}",
        """Pojawił się nowy darczyńca ({{ source }}): {{ code }}.

{{ link }}
""",
    ),
    ("new_donor", "sq"): Wording(
        "Donator i ri: {{ code }}",
        """Një donator i ri ({{ source }}): {{ code }}.

{{ link }}
""",
    ),
}


# What ends a mail: why it came, and how further ones are stopped where the organisation has named a contact.
_HOW_TO_STOP: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("thank_you", "en"): (
        "You get this message because you gave.",
        " If you do not want to be thanked by e-mail, tell us so: ",
    ),
    ("thank_you", "pl"): (
        "Piszemy, ponieważ otrzymaliśmy darowiznę.",
        " Rezygnację z podziękowań pocztą elektroniczną prosimy zgłaszać: ",
    ),
    ("thank_you", "sq"): (
        "Ju shkruajmë sepse keni dhuruar.",
        " Nëse nuk dëshironi falënderime me postë elektronike, na njoftoni: ",
    ),
    ("personal", "en"): (
        "You get this message because you are in our register of donors.",
        " If you do not want such messages, tell us so: ",
    ),
    ("personal", "pl"): (
        "Piszemy do osób i instytucji z naszej bazy darczyńców.",
        " Rezygnację z takich wiadomości prosimy zgłaszać: ",
    ),
    ("personal", "sq"): (
        "Ju shkruajmë sepse jeni në regjistrin tonë të donatorëve.",
        " Nëse nuk dëshironi mesazhe të tilla, na njoftoni: ",
    ),
}


def write_how_to_stop(kind: str, lang: str, contact: str) -> str:
    """Return why a donor gets a mail, and where they can say no to more; empty for a kind that has no end."""
    why, how = _HOW_TO_STOP.get((kind, lang), ("", ""))
    return f"{why}{how}{contact}" if why and contact else why


def get_shipped_text(kind: str, lang: str, channel: str = "email") -> Wording:
    """Return the shipped text; English where a language has none."""
    texts = LETTERS if channel == "post" else MAILS
    return texts.get((kind, lang)) or texts[kind, "en"]
