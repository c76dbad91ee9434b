"""How a mistake is told."""

import json
import pickle
import time

import pytest

from nnspec.diagnostics import (
    CODES,
    COLOURS,
    MAX_EXCERPT,
    Diagnostic,
    Findings,
    Note,
    Span,
    SpecError,
    Text,
    did_you_mean,
    render,
)

SPEC = Text("specs/digits.yaml", ("nnspec: 1", "layers:", "  - Conv2d: {out_channels: 32, kernel_size: 9}", ""))
KERNEL = Span(SPEC, 3, 44, 3, 45)


def one_line(line: str, column: int, end: int) -> list[str]:
    """The source line and the carets as they are shown."""
    told = render(Diagnostic("syntax", "m", Span(Text("f", (line,)), 1, column, 1, end)))
    return [shown[8:] for shown in told.splitlines()[1:]]


def test_a_message_has_place_code_caret_notes_and_a_way_out():
    told = render(
        Diagnostic(
            "shape",
            "Conv2d conv2_1: kernel_size 9 does not fit its input: 6×6 after padding 1",
            KERNEL,
            (Note("input", "(16, 4, 4) from maxpool2d_1", Span(SPEC, 2, 1)), Note("made of", "one part")),
            "a kernel of at most 6 fits; or pool less before",
        )
    )
    assert told == (
        "specs/digits.yaml:3:44: error[shape]: Conv2d conv2_1: kernel_size 9 does not fit its input:"
        " 6×6 after padding 1\n"
        "    3 |   - Conv2d: {out_channels: 32, kernel_size: 9}\n"
        "      |                                            ^\n"
        "  input    (16, 4, 4) from maxpool2d_1, specs/digits.yaml:2\n"
        "  made of  one part\n"
        "  help     a kernel of at most 6 fits; or pool less before"
    )


def test_a_warning_says_so():
    told = render(Diagnostic("unused-layer", "nothing uses conv1", Span(SPEC, 2, 1, 2, 7), severity="warning"))
    assert told == ("specs/digits.yaml:2:1: warning[unused-layer]: nothing uses conv1\n    2 | layers:\n      | ^^^^^^")


def test_a_mistake_without_a_place_is_one_line():
    assert render(Diagnostic("device", "no cuda here")) == "error[device]: no cuda here"


def test_a_file_as_a_whole_has_no_line():
    assert render(Diagnostic("file", "no such file", Span(Text("x.yaml")))) == "x.yaml: error[file]: no such file"


def test_a_row_of_a_data_file_has_a_line_and_no_column():
    span = Span(Text("data.csv"), 17)
    assert (span.place, span.line_place) == ("data.csv:17", "data.csv:17")
    assert render(Diagnostic("data-value", "price is 'x'", span)) == "data.csv:17: error[data-value]: price is 'x'"


def test_a_whole_line_is_shown_without_carets():
    told = render(Diagnostic("data-value", "m", Span(SPEC, 2)))
    assert told == "specs/digits.yaml:2: error[data-value]: m\n    2 | layers:"


def test_a_line_behind_the_text_is_not_shown():
    assert render(Diagnostic("syntax", "m", Span(SPEC, 9, 1, 9, 2))) == "specs/digits.yaml:9:1: error[syntax]: m"


def test_the_command_line_is_a_text_like_any_other():
    told = render(Diagnostic("wrong-type", "m", Span(Text("command line", ("--set a=x",)), 1, 9, 1, 10)))
    assert told == "command line:1:9: error[wrong-type]: m\n    1 | --set a=x\n      |         ^"


def test_a_help_of_several_lines_stays_in_its_column():
    told = render(Diagnostic("syntax", "m", None, (Note("outer", "n"),), "write:\na: 1\n  b"))
    assert told == "error[syntax]: m\n  outer  n\n  help   write:\n         a: 1\n           b"


def test_a_span_over_lines_is_underlined_to_the_end_of_its_first():
    told = render(Diagnostic("syntax", "m", Span(SPEC, 2, 1, 3, 5)))
    assert told.splitlines()[2] == "      | ^^^^^^^"


def test_an_empty_span_has_one_caret():
    assert one_line("a:", 3, 3) == ["a:", "  ^"]
    assert one_line("", 1, 1) == ["", "^"]


def test_carets_stay_within_the_line():
    assert one_line("abc", 2, 99) == ["abc", " ^^"]


def test_a_tab_takes_one_column():
    assert one_line("\ta:\tb", 5, 6) == ["→a:→b", "    ^"]


def test_nothing_drives_the_terminal():
    assert one_line("a\x1b[31m\0\u202eb\ud800", 10, 11) == ["a�[31m��b�", " " * 9 + "^"]


def test_wide_and_combining_letters_keep_the_caret_in_place():
    assert one_line("中文: x", 5, 6) == ["中文: x", "      ^"]
    assert one_line("中文: x", 1, 3) == ["中文: x", "^^^^"]
    assert one_line("e\u0301: x", 5, 6) == ["e\u0301: x", "   ^"]


def test_a_long_line_is_shown_around_the_mistake():
    line = "a" * 300 + "HERE" + "b" * 300
    shown, carets = one_line(line, 301, 305)
    assert shown == "…" + "a" * 78 + "HERE" + "b" * 76 + "…"
    assert len(shown) == MAX_EXCERPT
    assert shown[carets.index("^") : len(carets)] == "HERE"


def test_a_long_line_is_cut_behind_a_mistake_at_its_beginning():
    assert one_line("HERE" + "b" * 300, 1, 5) == ["HERE" + "b" * 155 + "…", "^^^^"]


def test_a_long_line_is_not_cut_behind_its_end():
    line = "a" * 300 + "HERE"
    assert one_line(line, 301, 305) == ["…" + "a" * 78 + "HERE", " " * 79 + "^^^^"]


def test_a_long_span_is_cut_with_its_line():
    shown, carets = one_line("a" * 1000, 1, 1001)
    assert (len(shown), len(carets)) == (MAX_EXCERPT, MAX_EXCERPT)


def test_colours_are_only_paint():
    diagnostic = Diagnostic("shape", "m", KERNEL, (Note("input", "n"),), "h")
    painted = render(diagnostic, COLOURS)
    assert painted != render(diagnostic)
    for code in (COLOURS.error, COLOURS.warning, COLOURS.dim, COLOURS.bold, COLOURS.reset):
        painted = painted.replace(code, "")
    assert painted == render(diagnostic)


def test_an_error_tells_all_its_mistakes():
    error = SpecError([Diagnostic("device", "one"), Diagnostic("split", "two")])
    assert str(error) == "error[device]: one\nerror[split]: two"


def test_an_error_travels_between_processes():
    error = SpecError.of("shape", "m", KERNEL, notes=[Note("input", "n")], help="h")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_error_without_a_mistake_is_ours():
    with pytest.raises(AssertionError):
        SpecError([])


def test_a_code_outside_the_list_is_ours():
    with pytest.raises(AssertionError, match="not in the closed list of codes: oops"):
        Diagnostic("oops", "m")


def test_codes_are_words_with_hyphens():
    assert all(code.replace("-", "").isalnum() and code == code.lower() for code in CODES)


def test_findings_are_told_in_the_order_of_the_text():
    findings = Findings()
    findings.error("shape", "third", Span(SPEC, 3, 1))
    findings.warn("unused-layer", "second", Span(SPEC, 2, 5))
    findings.error("shape", "first", Span(SPEC, 2, 1))
    assert ([d.message for d in findings.errors], [d.message for d in findings.warnings]) == (
        ["third", "first"],
        ["second"],
    )
    with pytest.raises(SpecError) as caught:
        findings.raise_errors()
    assert [diagnostic.message for diagnostic in caught.value.diagnostics] == ["first", "second", "third"]


def test_warnings_alone_raise_nothing():
    findings = Findings()
    findings.warn("unused-layer", "m", None)
    findings.raise_errors()


def test_a_diagnostic_as_json_counts_from_one():
    diagnostic = Diagnostic("shape", "m", KERNEL, (Note("input", "n", Span(SPEC, 2, 1)), Note("why", "w")), "h")
    assert json.loads(json.dumps(diagnostic.as_json())) == {
        "severity": "error",
        "code": "shape",
        "message": "m",
        "file": "specs/digits.yaml",
        "line": 3,
        "column": 44,
        "end_line": 3,
        "end_column": 45,
        "notes": [
            {"label": "input", "text": "n", "place": "specs/digits.yaml:2"},
            {"label": "why", "text": "w", "place": None},
        ],
        "help": "h",
    }
    assert Diagnostic("device", "m").as_json()["file"] is None


def test_a_near_word_is_suggested():
    known = ["ReLU", "Conv2d", "out_channels", "LeakyReLU"]
    assert did_you_mean("rleu", known) == "did you mean 'ReLU'?"
    assert did_you_mean("OutChannels", known) == "did you mean 'out_channels'?"
    assert did_you_mean("conv2D", iter(known)) == "did you mean 'Conv2d'?"
    assert did_you_mean("banana", known) == ""
    assert did_you_mean("x", []) == ""


def test_a_suggestion_costs_little():
    start = time.process_time()
    assert did_you_mean("a" * 1_000_000, ["a"]) == ""
    did_you_mean("layer_x", (f"layer_{number}" for number in range(1_000_000)))
    assert time.process_time() - start < 5
