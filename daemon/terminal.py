"""Text of strangers for an operator's terminal: nothing in it is markup or a control sequence."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.text import Text

UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Unicode's controls, format marks (they turn the reading direction), surrogates and private use."""


def plain(text: str) -> Text:
    """`text` as it is, for a table or a line; a line end stays, what moves the cursor or hides is left out."""
    return Text("".join(each for each in text if each == "\n" or unicodedata.category(each) not in UNSEEN))
