"""What cannot be seen is written out; what scripts need is kept."""

from schema.visible import one_line, visible


def test_direction_changing_characters_are_written_out() -> None:
    assert visible("gpj\u202eexe\u2066") == "gpj[U+202E]exe[U+2066]"


def test_control_characters_and_line_separators_are_written_out() -> None:
    assert visible("a\x07b\x00c\u2028d") == "a[U+0007]b[U+0000]c[U+2028]d"


def test_a_lone_surrogate_is_written_out() -> None:
    assert visible("a\ud800b") == "a[U+D800]b"


def test_devanagari_keeps_its_joiners() -> None:
    assert visible("क्\u200dष") == "क्\u200dष"


def test_line_ends_are_kept() -> None:
    assert visible("a\n\tb") == "a\n\tb"


def test_one_line_has_no_line_end_of_any_kind() -> None:
    assert one_line(" a\r\nb\u2028c\x0bd\n\n e ") == "a b c d e"
