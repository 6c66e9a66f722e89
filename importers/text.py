"""Turn a bank's bytes into text, and its amounts and dates into values, or refuse them.

It guesses an encoding by what the letters tell, but never an amount or a date: what can be
read in two ways is refused. It knows nothing of any file format.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from donorhub.money import Money, get_exponent
from importers.codes import DecodeFault, Reason, TextFault
from importers.sentences import write_fragment

DateOrder = Literal["ymd", "dmy", "mdy"]
DATE_ORDERS: Final[tuple[DateOrder, ...]] = ("ymd", "dmy", "mdy")


class Undecodable(ValueError):
    """The bytes are no text in any encoding that we know; ``reason`` says why, ``str`` in English."""

    def __init__(self, code: DecodeFault, **figures: str | int) -> None:
        super().__init__(code)
        self.reason: Reason[DecodeFault] = Reason(code, figures)

    def __str__(self) -> str:
        return write_fragment(self.reason)


class Unreadable(ValueError):
    """A text that is no amount, or no date; ``reason`` says why, ``str`` in English."""

    def __init__(self, code: TextFault, text: str = "", **figures: str | int) -> None:
        super().__init__(code)
        self.reason: Reason[TextFault] = Reason(code, {"text": repr(text[:40]), **figures})

    def __str__(self) -> str:
        return write_fragment(self.reason)


# ---------------------------------------------------------------- bytes to text

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_CODE_PAGE: Final = re.compile(r"cp(437|85\d|86\d|125\d)|iso8859-\d+|koi8-[ru]|mac-[a-z0-9]+")
_CANDIDATES: Final = ("cp1250", "iso8859-2", "cp852", "cp1252")
_OUR_LETTERS: Final = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻëçËÇäöüßÄÖÜ")
_PLAUSIBLE: Final = frozenset("čđšžČĐŠŽéáíúÉÁÍÚřýůťďňěñèàâêôîôøåæ")
_HARMLESS: Final = frozenset("\u00a0§€„”“’‘–—…°\u00ad«»˙")  # PKO BP and ING write ˙ for an empty sub-field
_UTF8_RUN: Final = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_AROUND_HIGH: Final = 200  # bytes of its line before and after one above ASCII
_SAMPLE_BYTES: Final = 40_000
_BOILERPLATE: Final = ("cp1252", "iso8859-1")  # headers say so whatever the letters are
_IN_A_WORD: Final = re.compile(r"(?<=[^\W\d_])(?:[^\w\s!-~]|[¹²³])|[£¯¹³](?=[^\W\d_])")
_MUCH_BETTER: Final = 8.0
_ENOUGH: Final = 8  # bytes above ASCII, to tell damaged UTF-8 from a code page


def decode_text(data: bytes, charset: str | None = None) -> tuple[str, str]:
    """Return the text without its byte order mark, and the codec that read it.

    A byte order mark decides, then the NULs of UTF-16, then strict UTF-8, then a single-byte
    charset that the file declares, then whichever code page gives the most letters of Polish,
    Albanian and German. Raise :class:`Undecodable`; nothing is ever replaced by a question mark.
    """
    for bom, name, codec in _BOMS:
        if data.startswith(bom):
            return _decode_strictly(data[len(bom) :], codec), name
    wide = _find_utf16(data)
    if wide:
        return _decode_strictly(data, wide), wide
    if b"\0" in data:
        at = data.index(b"\0")
        raise Undecodable("undecodable.zero_byte", position=at)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as e:
        return _decode_single_bytes(data, find_code_page(charset), e.start)


def find_code_page(charset: str | None) -> str | None:
    """Return the Python codec for a single-byte charset named as in bank files (``1252``), or None."""
    name = (charset or "").strip().strip("\"'").lower()
    if re.fullmatch(r"8859-[0-9]{1,2}", name):
        name = f"iso{name}"
    elif re.fullmatch(r"[0-9]{3,4}", name):
        name = f"cp{name}"
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: the name holds a zero byte
        return None
    return codec if _CODE_PAGE.fullmatch(codec) else None


def _decode_strictly(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as e:
        raise Undecodable("undecodable.other_encoding", encoding=codec, position=e.start) from e


def _find_utf16(data: bytes) -> str | None:
    """Return the kind of UTF-16 that NULs show: this text has one in most pairs, on the same side."""
    sample = data[:4096]
    pairs = len(sample) // 2
    if pairs == 0 or len(data) % 2:
        return None
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if high * 2 > pairs and low == 0:
        return "utf-16-le"
    return "utf-16-be" if low * 2 > pairs and high == 0 else None


def _decode_single_bytes(data: bytes, charset: str | None, bad_at: int) -> tuple[str, str]:
    sample = _take_high_sample(data)
    if charset is None and _is_broken_utf8(sample):
        raise Undecodable("undecodable.damaged", position=bad_at)
    candidates = sorted(_CANDIDATES, key=lambda name: -_score_codec(sample, name))
    if charset in _BOILERPLATE and _is_contradicted(sample, charset, candidates[0]):
        charset = None
    for codec in [charset, *candidates] if charset else candidates:
        try:
            return data.decode(codec), codec
        except UnicodeDecodeError:
            continue  # it has no sign for one of the bytes
    raise Undecodable("undecodable.unknown")  # pragma: no cover - cp852 reads all


def _take_high_sample(data: bytes) -> bytes:
    """Return the pieces of lines with bytes above ASCII, as many as are enough to tell."""
    pieces: list[bytes] = []
    size = end = 0
    for high in _HIGH.finditer(data):
        at = high.start()
        if at < end:
            continue
        before = data[max(end, at - _AROUND_HIGH) : at]
        after = data[at : at + _AROUND_HIGH].splitlines()[0]
        pieces.append(before[max(before.rfind(b"\n"), before.rfind(b"\r")) + 1 :] + after)
        end = at + len(after)
        size += len(pieces[-1])
        if size > _SAMPLE_BYTES:
            break
    return b"\n".join(pieces)


def _is_broken_utf8(sample: bytes) -> bool:
    """Return whether nearly all bytes above ASCII are whole UTF-8 characters: then it is no code page."""
    inside = sum(len(run) for run in _UTF8_RUN.findall(sample))
    high = len(_HIGH.findall(sample))
    return high >= _ENOUGH and inside >= high * 0.9


def _score_codec(sample: bytes, codec: str) -> float:
    text = sample.decode(codec, "replace")
    score = 0.0
    for before, sign, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if sign >= "\x80":
            score += _score_sign(before, sign, after)
    return score


def _is_contradicted(sample: bytes, charset: str, better: str) -> bool:
    """Return whether a code page breaks words, as ``£UKASZ ¯AK`` does, that read well in ``better``.

    Two signs must, and not one often: in ``5 m³`` it is right.
    """
    signs_inside_words = set(_IN_A_WORD.findall(sample.decode(charset, "replace"))) - _HARMLESS
    return (
        len(signs_inside_words) > 1
        and _score_codec(sample, better) >= _score_codec(sample, charset) + _MUCH_BETTER
    )


def _score_sign(before: str, sign: str, after: str) -> float:
    """Return how likely a character is here: a letter of our languages, in the case of its neighbours."""
    if sign == "\ufffd" or "\x80" <= sign <= "\x9f":
        return -10
    if sign in _HARMLESS:
        return 0
    if not sign.isalpha():
        return -4
    worth = 2.0 if sign in _OUR_LETTERS else -0.5 if sign in _PLAUSIBLE else -2.0
    if sign.isupper() and (before.islower() or (after.islower() and before.isalpha())):
        worth -= 3
    if sign.islower() and before.isupper() and after.isupper():
        worth -= 3
    return worth


# ---------------------------------------------------------------- amounts

# Nearly all amounts: hundredths after a sign, perhaps thousands before it, and nothing else.
_FAST: Final = re.compile(
    r"([-+]?)([0-9]{1,3}(?:([ \u00a0.,'])[0-9]{3}(?:\3[0-9]{3})*)|[0-9]{1,13})([.,])([0-9]{2})", re.ASCII
)
_BLANKS: Final = "\u00a0\u2007\u2009\u202f"
_TO_PLAIN: Final = str.maketrans({**dict.fromkeys(_BLANKS, " "), "’": "'", "−": "-"})
_AROUND: Final = re.compile(r"([^\W\d_]{1,5}|[€$£])? ?([-+0-9., '()]+?) ?([^\W\d_]{1,5}|[€$£])?")
_NUMBER_WITH_SIGN: Final = re.compile(r"([-+]?) ?([0-9., ']*?)(-?)|(\()([0-9., ']+)\)")
_NUMBER_IN_GROUPS: Final = re.compile(r"[0-9]{1,3}([., '])[0-9]{3}(?:\1[0-9]{3})*", re.ASCII)
_TWO_WAYS: Final = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]*", re.ASCII)
_UNITS: Final = {
    "ZŁ": "PLN",
    "ZL": "PLN",
    "€": "EUR",
    "EURO": "EUR",
    "$": "USD",
    "£": "GBP",
    "LEK": "ALL",
    "LEKË": "ALL",
    "L": "ALL",
}
_SIDES: Final = {"CR": "", "DR": "-"}  # credit and debit, as banks write them behind an amount
_LONGEST: Final = 60
_HUNDREDTHS: Final = 2
_MOST_DIGITS: Final = 15  # before the decimal sign, as Money takes them
_MOST_DECIMALS: Final = 18


def parse_amount(text: str, currency: str, decimal: str | None = None) -> Money:
    """Read an amount as banks write it: ``1 234,56``, ``1,234.56-``, ``(45.90)``, ``-45,90 zł``.

    ``decimal`` is the decimal sign where the file's is known. Raise Unreadable naming the
    text for anything that can be read in two ways (``1,234``), for a unit that is not
    ``currency``, for other digits than 0-9, and for two signs.
    """
    fast = _FAST.fullmatch(text)
    if fast and get_exponent(currency) == _HUNDREDTHS:
        minus, whole, between, mark, hundredths = fast.groups()
        if mark != between and (decimal is None or mark == decimal):
            minor = int((whole.replace(between, "") if between else whole) + hundredths)
            return Money(-minor if minus == "-" else minor, currency)
    number, unit = parse_number(text, decimal)
    if unit and unit != currency:
        raise Unreadable("unreadable_amount.other_currency", text, currency=currency)
    places = get_exponent(currency)
    whole, _, decimals = number.lstrip("-").partition(".")
    if decimals[places:].strip("0"):
        raise Unreadable("unreadable_amount.too_precise", text, currency=currency, places=places)
    if len(whole) > _MOST_DIGITS or len(decimals) > _MOST_DECIMALS:
        raise _make_no_amount(text)
    return Money.parse(number, currency)


def parse_number(text: str, decimal: str | None = None) -> tuple[str, str]:
    """Return ``-1 234,56 zł`` as ``("-1234.56", "PLN")``: plain digits for Money, and the currency or "".

    ``50.00 DR`` is money out. Raise Unreadable as :func:`parse_amount` does.
    """
    shape = _AROUND.fullmatch(text.strip().translate(_TO_PLAIN)) if len(text) <= _LONGEST else None
    if not shape or (shape[1] and shape[3]):
        raise _make_no_amount(text)
    match = _NUMBER_WITH_SIGN.fullmatch(shape[2].strip())
    if not match or (match[1] and match[3]):
        raise _make_no_amount(text)
    number = (match[5] or match[2] or "").strip()
    mark = _find_decimal_sign(number, text) if decimal is None else decimal
    whole, _, decimals = number.partition(mark) if mark else (number, "", "")
    if _NUMBER_IN_GROUPS.fullmatch(whole):
        whole = re.sub(r"[., ']", "", whole)
    if not _DIGITS.fullmatch(whole) or not _DIGITS.fullmatch(decimals) or not whole + decimals:
        raise _make_no_amount(text)
    minus = "-" if "-" in (match[1], match[3]) or match[4] else ""
    unit = (shape[1] or shape[3] or "").upper()
    if unit in _SIDES and shape[3] and not minus:
        minus, unit = _SIDES[unit], ""
    whole = whole.lstrip("0") or "0"  # Turkish banks fill amounts up with zeros
    return f"{minus}{whole}{'.' + decimals if decimals else ''}", _UNITS.get(unit, unit)


def find_decimal_signs(samples: Iterable[str]) -> set[str]:
    """Return the decimal signs with which every sample is an amount; both, when nothing tells them apart."""
    signs = {".", ","}
    for text in samples:
        signs = {sign for sign in signs if _reads_with(text, sign)}
    return signs


def _reads_with(text: str, sign: str) -> bool:
    try:
        parse_number(text, sign)
    except Unreadable:
        return False
    return True


def _find_decimal_sign(number: str, text: str) -> str:
    """Return the decimal sign that a number shows by itself: the last of two kinds, a single one, or none."""
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        return max(".", ",", key=number.rfind)
    if dots + commas > 1:
        return ""
    if _TWO_WAYS.fullmatch(number):
        raise Unreadable("unreadable_amount.two_ways", text)
    return "." if dots else ","


def _make_no_amount(text: str) -> Unreadable:
    return Unreadable("unreadable_amount.none" if text.strip() else "unreadable_amount.empty", text)


# ---------------------------------------------------------------- dates

_TIME: Final = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?"
_NUMBERS: Final = re.compile(rf"([0-9]{{1,4}})([-./ ])([0-9]{{1,2}})\2([0-9]{{1,4}})\.?{_TIME}", re.ASCII)
_DAY_WITH_MONTH_NAME: Final = re.compile(
    rf"([0-9]{{1,2}})[-./ ]([A-Za-z]{{3,9}})[-./ ]([0-9]{{4}}|[0-9]{{2}}){_TIME}", re.ASCII
)
_MONTHS: Final = (  # as banks' own systems write them: 30-SEP-2026
    "january february march april may june july august september october november december".split()
)
_RUN: Final = re.compile(r"[0-9]{8}", re.ASCII)
_PLACES: Final = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}  # of year, month, day
_CUTS: Final = {"ymd": (4, 6), "dmy": (2, 4), "mdy": (2, 4)}
_YEARS: Final = range(1950, 2101)
_FULL: Final = 4
_SHORT: Final = 2  # digits of a day, a month, or a year without its century


@lru_cache(maxsize=4096)  # a file of 100,000 rows holds a few hundred dates
def parse_date(text: str, order: DateOrder) -> date:
    """Return the day that ``text`` names when its parts stand in ``order``; a time after it is dropped.

    A month may be an English word (``30-SEP-2026``). Two-digit years are 2000 and later, and
    stand last. Raise Unreadable for a day that no calendar has, for a year outside 1950 to
    2100, and for parts in another order.
    """
    if len(text) > _LONGEST:
        raise Unreadable("unreadable_date.none", text)
    year, month, day = (_split_date(text.strip(), order)[place] for place in _PLACES[order])
    if (len(year) != _FULL and (len(year) != _SHORT or order == "ymd")) or len(day) > _SHORT:
        raise Unreadable("unreadable_date.other_order", text, order=order)
    number = int(year) + (2000 if len(year) == _SHORT else 0)
    if number not in _YEARS:
        raise Unreadable("unreadable_date.strange_year", text, year=number)
    try:
        return date(number, int(month), int(day))
    except ValueError as e:
        raise Unreadable("unreadable_date.other_order", text, order=order) from e


def find_date_orders(samples: Iterable[str]) -> set[DateOrder]:
    """Return the orders in which every sample is a date; more than one, when nothing tells them apart."""
    orders = set(DATE_ORDERS)
    for text in samples:
        orders = {order for order in orders if _is_date(text, order)}
    return orders


@lru_cache(maxsize=4096)  # parse_date remembers days alone, and what is none was read for each row anew
def _is_date(text: str, order: DateOrder) -> bool:
    try:
        parse_date(text, order)
    except Unreadable:
        return False
    return True


def _split_date(text: str, order: DateOrder) -> tuple[str, str, str]:
    if _RUN.fullmatch(text):
        first, second = _CUTS[order]
        return text[:first], text[first:second], text[second:]
    numbers = _NUMBERS.fullmatch(text)
    with_month_name = _DAY_WITH_MONTH_NAME.fullmatch(text) if not numbers and order == "dmy" else None
    if with_month_name:
        return with_month_name[1], _find_month(with_month_name[2].lower()), with_month_name[3]
    if not numbers:
        raise Unreadable("unreadable_date.none" if text else "unreadable_date.empty", text)
    return numbers[1], numbers[3], numbers[4]


def _find_month(name: str) -> str:
    """Return the number of a month by its English name or the first letters of it; "0", which is none."""
    return str(next((at for at, month in enumerate(_MONTHS, 1) if month.startswith(name)), 0))
