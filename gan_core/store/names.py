"""What may be somebody's name in a class, and which two names are one to whoever reads them."""

import re
import unicodedata

from gan_core.errors import WorkbenchError

LONGEST_NAME = 40

_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
"""Letters and signs that look like a space."""
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks that cannot be seen, by Unicode's Default_Ignorable_Code_Point; all others of it are of a category C."""
_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԚԜӀ" "аеѕіјорсухһԁԛԝӏү" "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" "αικνορυ" "ɑɡıɩ" "I1|0",
    "ABESlJKMHOPCTYXYQWl" "aesijopcyxhdqwly" "ABEZHlKMNOPTYX" "aikvopu" "agii" "lllO",
)  # fmt: skip
"""Letters that look like Latin ones: Cyrillic, Greek, and some that Latin has twice. From Unicode's confusables.txt
(https://www.unicode.org/reports/tr39), as far as they are letters in use.
"""
_BESIDE_ANY = ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "MODIFIER")
"""Scripts that are written together, and whose letters look like no alphabet's; as Unicode's names of letters begin."""


def readable(name: str) -> str:
    """The name without what cannot be seen.

    Raises WorkbenchError if nothing is left, or too much, or if a word has letters of two alphabets.
    """
    shown = visible(name)
    if not any(c.isalnum() for c in shown) or len(shown) > LONGEST_NAME:
        raise WorkbenchError("Enter a name of 1 to {most} characters, one letter or digit at least.", most=LONGEST_NAME)
    if any(len(_scripts(word)) > 1 for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", shown))):
        raise WorkbenchError("The name {name} has letters of two alphabets in one word; write it with one.", name=shown)
    return shown


def visible(name: str) -> str:
    """Without control characters, and those that show nothing; with one space between its words."""
    seen = _UNSEEN.sub("", _BLANK.sub(" ", name[:1000]))
    return " ".join("".join(c if _shows(c) else " " * c.isspace() for c in seen).split())


def _shows(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word} - set(_BESIDE_ANY)


def comparable(name: str) -> str:
    """The same for all spellings of a name: capitals, width and accents' spelling do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def look(name: str) -> str:
    """The same for names that look alike, whatever alphabet they are written in (`skeleton` in Unicode's TR 39)."""
    apart = unicodedata.normalize("NFKD", name)
    return unicodedata.normalize("NFC", apart.translate(_ALIKE)).casefold()
