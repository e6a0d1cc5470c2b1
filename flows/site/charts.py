"""Small charts as SVG that stands in the page: no script, no colour of its own, every mark with its words."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from flows.site import told
from flows.site.text import visible

WIDTH = 480
"""Units of a chart from side to side; the style sheet gives it the room that there is."""
ROW, BAR = 36, 8
"""Units of a bar with its name above it, and of the bar alone."""
SHOWN = 12
HEIGHT, FOOT = 96, 22
MONTHS_OF_YEAR = 12


class Dot(NamedTuple):
    """Something on a timeline."""

    day: str
    kind: str
    words: str
    href: str


def bars(found: Sequence[tuple[str, int]], title: str) -> Markup:
    """Return a bar for each name, the longest first; names beyond the first twelve are left out."""
    found = sorted(found, key=lambda one: (-one[1], one[0]))[:SHOWN]
    if not found:
        return Markup()
    most = max(count for _, count in found)
    rows = []
    for place, (name, count) in enumerate(found):
        base = place * ROW + 16
        long = max(2, round(WIDTH * count / most))
        rows.append(
            f'<text class="label" x="0" y="{base}">{_text(told.clip(name, 40))}</text>'
            f'<text class="count" x="{WIDTH}" y="{base}" text-anchor="end">{count:,}</text>'
            f'<rect class="rest" y="{base + 6}" width="{WIDTH}" height="{BAR}" rx="2"/>'
            f'<rect class="bar" y="{base + 6}" width="{long}" height="{BAR}" rx="2"/>'
        )
    return _chart(len(found) * ROW, title + ": " + ", ".join(f"{name} {count}" for name, count in found), rows)


def columns(found: Sequence[tuple[str, int]], title: str) -> Markup:
    """Return a column for each month from the first to the last, by `YYYY-MM`."""
    if not found:
        return Markup()
    months = _months([month for month, _ in found])
    counts = {month: count for month, count in found if month >= months[0]}
    before = sum(count for _, count in found) - sum(counts.values())
    most, step = max(counts.values()), WIDTH / len(months)
    wide = min(44.0, max(1.0, step - 3))
    rows = []
    for place, month in enumerate(months):
        count = counts.get(month, 0)
        tall = round((HEIGHT - 18) * count / most, 1)
        left = round(place * step + (step - wide) / 2, 1)
        if count:
            rows.append(
                f'<rect class="bar" x="{left}" y="{HEIGHT - tall}" width="{wide:.1f}" height="{tall}" rx="2">'
                f"<title>{_month(month)}: {count:,}</title></rect>"
            )
            if step > 20:  # noqa: PLR2004 - room for a number
                rows.append(
                    f'<text class="count" x="{left + wide / 2:.1f}" y="{HEIGHT - tall - 5}" text-anchor="middle">{count}</text>'
                )
    rows += _axis(months, step) + _earlier(before, months)
    return _chart(HEIGHT + FOOT, title + ": " + ", ".join(f"{_month(m)} {counts[m]}" for m in sorted(counts)), rows)


def timeline(dots: Sequence[Dot], title: str) -> Markup:
    """Return a mark for each dot above its month, those of one month on top of one another."""
    dated = [dot for dot in dots if len(dot.day) >= len("2024-05")]
    if not dated:
        return Markup()
    months = _months([dot.day[:7] for dot in dated])
    placed = [dot for dot in dated if dot.day[:7] >= months[0]]
    step = WIDTH / len(months)
    piles: dict[str, int] = {}
    marks = []
    for dot in placed:
        month = dot.day[:7]
        pile = piles[month] = piles.get(month, -1) + 1
        row, column = pile % 7, pile // 7
        left = (months.index(month) + 0.5) * step - 6 + column * 13 if step > 30 else (months.index(month) + 0.5) * step  # noqa: PLR2004 - room for piles
        marks.append(
            f'<a href="{escape(dot.href)}"><circle class="dot {dot.kind}" cx="{min(left, WIDTH - 6):.1f}" '
            f'cy="{HEIGHT - 10 - row * 13}" r="5"><title>{_text(told.day(dot.day))}: {_text(dot.words)}</title></circle></a>'
        )
    marks += _axis(months, step) + _earlier(len(dated) - len(placed), months)
    return _chart(HEIGHT + FOOT, title, marks, role="group")


def share(part: int, whole: int, title: str) -> Markup:
    """Return how much of something is filled, as a thin bar."""
    long = round(100 * part / whole, 1) if whole else 0
    return Markup(  # noqa: S704 - numbers, and escaped words
        f'<svg class="share" viewBox="0 0 100 6" role="img" preserveAspectRatio="none" aria-label="{_text(title)}">'
        f'<rect class="rest" width="100" height="6"/><rect class="bar" width="{long}" height="6"/></svg>'
    )


def length(part: int, most: int) -> Markup:
    """Return how much a value comes beside the most frequent one, as a thin bar; its count stands beside it in words."""
    long = round(100 * part / most)
    return Markup(  # noqa: S704 - numbers
        f'<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" width="{long}" height="6"/></svg>'
    )


def histogram(counts: Sequence[int], title: str) -> Markup:
    """Return a small histogram, a column for each count."""
    most = max(counts, default=0)
    if not most:
        return Markup()
    step = 120 / len(counts)
    rows = [
        f'<rect class="bar" x="{place * step:.1f}" y="{28 - 28 * count / most:.1f}" width="{step - 1:.1f}" height="{28 * count / most:.1f}"/>'
        for place, count in enumerate(counts)
    ]
    return Markup(  # noqa: S704 - numbers, and escaped words
        f'<svg class="spark" viewBox="0 0 120 28" role="img" aria-label="{_text(title)}">{"".join(rows)}</svg>'
    )


def _chart(height: float, title: str, parts: Sequence[str], role: str = "img") -> Markup:
    return Markup(  # noqa: S704 - numbers, and escaped words
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="{role}" aria-label="{_text(title)}">{"".join(parts)}</svg>'
    )


def _axis(months: Sequence[str], step: float) -> list[str]:
    """Return the line under the months, and the names of as many as there is room for."""
    every = max(1, round(96 / step))
    names = [
        f'<text class="tick" x="{(place + 0.5) * step:.1f}" y="{HEIGHT + 16}" text-anchor="middle">{_month(month)}</text>'
        for place, month in enumerate(months)
        if place % every == every // 2
    ]
    return [f'<line class="axis" x1="0" y1="{HEIGHT}.5" x2="{WIDTH}" y2="{HEIGHT}.5"/>', *names]


def _earlier(count: int, months: Sequence[str]) -> list[str]:
    """Return the words about what lies before the months of a chart; none where nothing does."""
    words = f"{count:,} before {_month(months[0])} not shown"
    return [f'<text class="tick earlier" x="0" y="12">{words}</text>'] if count else []


def _months(found: Sequence[str]) -> list[str]:
    """Return every month from the first to the last; of a stretch of centuries only those at its end that fit."""
    start, end = (int(text[:4]) * MONTHS_OF_YEAR + int(text[5:7]) - 1 for text in (min(found), max(found)))
    start = max(start, end - 40 * MONTHS_OF_YEAR)
    return [f"{at // MONTHS_OF_YEAR:04}-{at % MONTHS_OF_YEAR + 1:02}" for at in range(start, end + 1)]


def _month(text: str) -> str:
    return f"{told.MONTHS[int(text[5:7]) - 1][:3]} {text[:4]}"


def _text(words: str) -> str:
    return str(escape(visible(words)))
