"""The chart of the cost page: what each layer costs at each level, beside the common recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Distinguished in gray, and by people who see no red or green (Okabe and Ito, "Color Universal
# Design").
COLORS = {
    "edge": "#56b4e9",
    "api": "#f0e442",
    "compute": "#009e73",
    "guardrail": "#e69f00",
    "model": "#0072b2",
    "governance": "#999999",
}
_LEFT, _WIDTH, _BAR, _ROW, _TOP = 190, 430, 26, 58, 44


def chart(levels: Sequence[tuple[str, Mapping[str, float], str]]) -> str:
    """Return an SVG: a bar for each level, as long for all, parted by layer.

    Args:
        levels: each a name, the dollars a month by layer, and what the recipe says.
    """
    height = _TOP + _ROW * len(levels) + 6
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {height}" role="img"'
            ' font-family="sans-serif" font-size="13">'
        ),
        "<title>What a month costs, by layer, beside what the common recipe says</title>",
        f'<rect width="860" height="{height}" fill="#ffffff"/>',
        *_legend(),
    ]
    for at, (name, by_layer, recipe) in enumerate(levels):
        parts += _level(_TOP + _ROW * at, name, by_layer, recipe)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> list[str]:
    parts = []
    for at, (layer, color) in enumerate(COLORS.items()):
        x = _LEFT + at * 108
        parts.append(f'<rect x="{x}" y="12" width="12" height="12" fill="{color}"/>')
        parts.append(f'<text x="{x + 17}" y="23">{layer}</text>')
    return parts


def _level(y: int, name: str, by_layer: Mapping[str, float], recipe: str) -> list[str]:
    total = sum(by_layer.values())
    parts = [f'<text x="{_LEFT - 12}" y="{y + 18}" text-anchor="end">{escape(name)}</text>']
    x = float(_LEFT)
    for layer, color in COLORS.items():
        width = _WIDTH * by_layer[layer] / total
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{color}">'
            f"<title>{layer}: {by_layer[layer]:.2f}</title></rect>"
        )
        x += width
    said = f", recipe: {recipe}" if recipe else ""
    parts.append(
        f'<text x="{_LEFT + _WIDTH + 12}" y="{y + 18}">'
        f'<tspan font-weight="bold">{total:,.0f}</tspan> USD{escape(said)}</text>'
    )
    return parts
