from dlconv.inspect.markdown import as_markdown
from dlconv.terminal.tables import Group, Table


def test_tables_become_tables_with_their_footers_and_captions():
    table = Table(show_footer=True, caption="in all")
    table.add_column("op", "all")
    table.add_column("count", "3", justify="right")
    table.add_row("Conv2D", "1")
    table.add_row("a|b [bold]", "2")
    assert as_markdown("a model", Group("two ops", table)) == (
        "### a model\n\n"
        "two ops\n\n"
        "| op | count |\n"
        "| --- | ---: |\n"
        "| Conv2D | 1 |\n"
        "| a&#124;b \\[bold] | 2 |\n"
        "| all | 3 |\n\n"
        "in all\n"
    )


def test_names_are_shown_as_they_are():
    assert as_markdown("_Fused_Conv2D", "a*b `c` <d>") == (
        "### \\_Fused_Conv2D\n\na\\*b \\`c\\` \\<d>\n"
    )
