"""Names that others may give to photos, models, classes and files."""

from hypothesis import strategies as st

HOSTILE = (
    "\n::error::x",
    "::error file=a::x",
    "##[error]x",
    "##vso[task.setvariable variable=a]b",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\r\x1b[0Ksection_end:1:x",
    "[red]x[/red]",
    "[/]",
    "\\[",
    "\u202egnp.exe",
    "\udc80",
    "\ud83d",
    "\x00",
    "\x85",
    "\u2028",
    "\ufffe",
    "]]>",
    "</script><script>alert(1)</script>",
    "<!--",
    "&lt;b>",
    "```",
    "`",
    "a|b",
    "](javascript:x)",
    "'; rm -rf ~ #",
    '"); x("',
    "$(x)",
    "${x}",
    "# head",
    "1. one",
    "- item",
    " ",
    ":",
    "#",
)

characters = st.characters(exclude_categories=())
parts = st.sampled_from(HOSTILE) | st.text(characters, max_size=3)
names = st.lists(parts, max_size=4).map("".join)
