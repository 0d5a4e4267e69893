from rich.console import Console

from shoal.report import print_summary, sentences, summary_table
from synthetic import make_result


def printed(result, width=110, **more):
    console = Console(width=width, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: SIM115
    print_summary(result, console, **more)
    console.file.close()
    return console.export_text()


def test_the_best_cells_come_first_with_intervals():
    text = printed(make_result(("batch_norm", "l2")))
    assert "Does batch norm make" in text
    assert "59.04 ± 0.25" in text
    assert text.index("best") < text.index("tied")
    assert "no more than noise" in text


def test_only_the_top_cells_are_listed():
    table = summary_table(make_result(("batch_norm", "l2")), top=3)
    assert table.row_count == 3
    assert table.caption == "5 more cells in the report"


def test_a_narrow_terminal_does_without_training_accuracy():
    result = make_result(("batch_norm", "l2", "initial"), 2)
    assert "training %" in printed(result, width=120)
    assert "training %" not in printed(result, width=70)


def test_what_diverged_and_what_is_unfinished_is_remarked():
    text = printed(make_result(("l2",), diverged=((0, 1),), unfinished=((1, 1),)))
    assert "1 diverged" in text
    assert "4 of 5 finished" in text
    assert "(interrupted)" in text


def test_markup_in_names_is_text():
    result = make_result(
        ("initial",), 2, levels={"initial": ["[bold red]x[/]", "[/]y"]}, question="[link=x]q[/link]?"
    )
    text = printed(result)
    assert "[bold red]x[/]" in text
    assert "[link=x]q[/link]?" in text


def test_one_network_has_no_rank():
    text = printed(make_result((), 1))
    assert "best" not in text.replace("Best", "")


def test_sentences_are_those_of_the_page():
    assert sentences(make_result(()))[0].startswith("The network reached")
