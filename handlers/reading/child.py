"""The shut-in process that opens a stranger's file: bytes on standard input, fields and pictures on standard output.

Answer: one line of JSON, then the PNG files one after another, as long as the line's `sizes` say. Libraries are
imported only when the file needs them, because starting is most of the time that a text PDF takes.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Any, Final

from handlers.reading.answer import Order, Unreadable, as_json
from handlers.reading.isolation import IsolationError, shut_in

EXIT_NOT_SHUT_IN: Final = 70


def main() -> int:
    """Read one document and answer; never raises on account of the document."""
    order = Order.parse(sys.argv[1])
    try:
        shut_in(order.cpu_seconds)
    except IsolationError as error:
        sys.stderr.write(f"not shut in: {error}\n")
        return EXIT_NOT_SHUT_IN
    data = sys.stdin.buffer.read()
    try:
        head, pictures = _answer(data, order)
    except Unreadable as verdict:
        head, pictures = {"ok": False, "code": str(verdict)}, []
    except MemoryError:
        head, pictures = {"ok": False, "code": "memory"}, []
    out = sys.stdout.buffer
    out.write(json.dumps(head, ensure_ascii=True).encode() + b"\n")
    for picture in pictures:
        out.write(picture)
    out.flush()
    # Parsers may hang while they free what a hostile file made them build; the answer is out.
    os._exit(0)


def _answer(data: bytes, order: Order) -> tuple[dict[str, Any], list[bytes]]:
    from handlers.reading.sniff import sniff

    notes: tuple[str, ...] = ()
    if order.slices:
        from handlers.reading.compose import composed

        data, notes = composed(data, order.slices)

    kind = sniff(data, order.name)
    if kind in ("empty", "unknown"):
        raise Unreadable("empty" if kind == "empty" else "unsupported_type")
    if kind == "pdf":
        from handlers.reading.pdf import read_pdf as read
    elif kind == "image":
        from handlers.reading.picture import read_picture as read
    else:
        from handlers.reading.plain import read_plain as read
    made = read(data, order)
    made = replace(made, warnings=(*made.warnings, *notes))
    return as_json(made), [picture.png for picture in made.pictures]


if __name__ == "__main__":
    sys.exit(main())
