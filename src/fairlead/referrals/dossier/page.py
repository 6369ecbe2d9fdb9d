"""A dossier as one HTML file: no script, nothing fetched, readable in any browser and on paper."""

from __future__ import annotations

from html import escape

from fairlead.referrals.dossier.sketch import HEIGHT, MARGIN, WIDTH, Sketch, sketch
from fairlead.referrals.dossier.story import Section, story, track_of
from fairlead.referrals.envelope import Envelope

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0;
  border-bottom: 1px solid #8888; overflow-wrap: anywhere; unicode-bidi: isolate; }
svg { max-width: 100%; border: 1px solid #8888; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(envelope: Envelope) -> bytes:
    """The page; every value in it is escaped text."""
    sections = story(envelope)
    drawn = sketch(track_of(envelope))
    body = [_section(sections[0], "h1")]
    if drawn is not None:
        body.append(_svg(drawn))
    body += [_section(section, "h2") for section in sections[1:]]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(envelope.value['referral_id'])}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    ).encode()


def _section(section: Section, tag: str) -> str:
    parts = [f"<{tag}>{escape(section.title)}</{tag}>"]
    parts += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    if section.rows:
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in section.head)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
            for row in section.rows
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    return "".join(parts)


def _svg(drawn: Sketch) -> str:
    points = " ".join(f"{x:.1f},{HEIGHT - y:.1f}" for x, y in drawn.points)
    last_x, last_y = drawn.points[-1]
    labels = (
        (MARGIN, HEIGHT - 8, "start", drawn.west),
        (WIDTH - MARGIN, HEIGHT - 8, "end", drawn.east),
        (WIDTH / 2, 14, "middle", drawn.north),
        (WIDTH / 2, HEIGHT - 8, "middle", drawn.south),
    )
    texts = "".join(
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="11" '
        f'fill="currentColor">{escape(label)}</text>'
        for x, y, anchor, label in labels
    )
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        'aria-label="The observed positions, the last one marked">'
        f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="1.5"/>'
        f'<circle cx="{last_x:.1f}" cy="{HEIGHT - last_y:.1f}" r="4" fill="#d62728"/>{texts}</svg>'
    )
