"""Markdown of meta as markup. Its text holds words of machines and models, so only a few harmless elements come out:
no raw HTML, no links and no pictures. The marks [1], [2] link to what they cite, and nothing else does."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape

from groundcrew.contracts.conversations import Citation

Address = Callable[[Citation], str]
"""Where a citation leads; empty where there is no page of it."""

MAX_TEXT = 200_000
_MARK = re.compile(r"\[(\d{1,3})\]")
_OFF = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity")
_SMALLER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


def render(text: str, citations: Sequence[Citation], address: Address) -> Markup:
    """Safe markup of a text with its citations."""
    return Markup(_parser().render(text[:MAX_TEXT], {"citations": citations, "address": address}))  # noqa: S704 - see above


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.disable(list(_OFF))
    parser.inline.ruler.before("escape", "mark", _find_mark)
    parser.add_render_rule("mark", _draw_mark)
    parser.add_render_rule("heading_open", _draw_heading)
    parser.add_render_rule("heading_close", _draw_heading)
    return parser


def _find_mark(state: StateInline, silent: bool) -> bool:
    match = _MARK.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("mark", "", 0).content = match[1]
    state.pos = match.end()
    return True


def _draw_mark(_self: Any, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
    number = int(tokens[index].content)
    citations: Sequence[Citation] = env["citations"]
    if not 1 <= number <= len(citations):
        return str(escape(f"[{number}]"))
    cited = citations[number - 1]
    where = env["address"](cited)
    linked = Markup('<a class="cite" href="{where}" title="{text}">[{number}]</a>')
    bare = Markup('<span class="cite" title="{text}">[{number}]</span>')
    return str((linked if where else bare).format(where=where, text=cited.text, number=number))


def _draw_heading(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """Headings of a text stand below those of its page."""
    token = tokens[index]
    slash = "/" if token.nesting < 0 else ""
    return f"<{slash}{_SMALLER.get(token.tag, 'h6')}>"
