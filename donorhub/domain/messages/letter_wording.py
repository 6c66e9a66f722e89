"""The shipped texts of letters, in Liquid and Markdown, one for each kind and language.

Letterhead, address, place and day are printed around them. The subject is the line above the greeting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Wording(NamedTuple):
    """One message as Liquid templates."""

    subject: str
    body: str


LETTERS: Final[Mapping[tuple[str, str], Wording]] = {
    ("thank_you", "en"): Wording(
        "Thank you for your gift{% if gifts %}s{% endif %} of {{ amount }}",
        """{{ salutation }}

{% if gifts %}thank you for your gifts of {{ amount }} in all, which have reached us:

{% for gift in gifts %}- {{ gift.line }}
{% endfor %}{% else %}thank you for your gift of {{ amount }}, which reached us on {{ received_on }}.
{% if funds %}It goes to: {{ funds }}.
{% endif %}{% endif %}
What you make possible matters to us.

With our best wishes

{{ author }}
""",
    ),
    ("thank_you", "pl"): Wording(
        "Podziękowanie za {% if gifts %}darowizny w{% else %}darowiznę w{% endif %} kwocie {{ amount }}",
        """{{ salutation }}

{% if gifts %}dziękujemy za darowizny w łącznej kwocie {{ amount }}, które do nas wpłynęły:

{% for gift in gifts %}- {{ gift.line }}
{% endfor %}{% else %}dziękujemy za darowiznę w kwocie {{ amount }}, która wpłynęła do nas {{ received_on }}
{% if funds %}Przeznaczenie: {{ funds }}.
{% endif %}{% endif %}
To, co możliwe dzięki takiemu wsparciu, jest dla nas bardzo ważne.

Z wyrazami szacunku

{{ author }}
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
Ajo që bëni të mundur ka rëndësi për ne.

Me respekt

{{ author }}
""",
    ),
    ("personal", "en"): Wording(
        "{{ subject }}",
        "{{ salutation }}\n\n{{ text }}\n\nWith our best wishes\n\n{{ author }}\n",
    ),
    ("personal", "pl"): Wording(
        "{{ subject }}",
        "{{ salutation }}\n\n{{ text }}\n\nZ wyrazami szacunku\n\n{{ author }}\n",
    ),
    ("personal", "sq"): Wording(
        "{{ subject }}",
        "{{ salutation }}\n\n{{ text }}\n\nMe respekt\n\n{{ author }}\n",
    ),
}
