"""A dossier as PDF, for a court, a file or a printer. The same envelope gives the same bytes."""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Circle, Drawing, PolyLine, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from fairlead.referrals.dossier.sketch import HEIGHT, MARGIN, WIDTH, Sketch, sketch
from fairlead.referrals.dossier.story import Section, story, track_of
from fairlead.referrals.envelope import Envelope

_STYLES = getSampleStyleSheet()
_BODY = ParagraphStyle("body", _STYLES["BodyText"], fontSize=9, leading=12)
_CELL = ParagraphStyle("cell", _BODY, fontSize=8, leading=10, wordWrap="CJK")
_HEAD = ParagraphStyle("head", _CELL, fontName="Helvetica-Bold")
_PAGE_WIDTH = A4[0] - 36 * mm
_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ]
)


def as_pdf(envelope: Envelope) -> bytes:
    """The paper, A4, each page with the referral's id, digest and number.

    Letters that the built-in fonts lack are written as their code points.
    """
    sections = story(envelope)
    flow = _section(sections[0], _STYLES["Title"])
    drawn = sketch(track_of(envelope))
    if drawn is not None:
        flow += [_drawing(drawn), Spacer(1, 4 * mm)]
    for section in sections[1:]:
        flow += _section(section, _STYLES["Heading2"])
    out = io.BytesIO()
    title = envelope.value["referral_id"]
    paper = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=title,
        author="Fairlead",
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        invariant=1,
    )
    footer = f"{title}   SHA-256 {envelope.digest}"

    def foot(canvas: Canvas, _: object) -> None:
        canvas.setFont("Helvetica", 6.5)
        canvas.drawString(18 * mm, 10 * mm, footer)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(canvas.getPageNumber()))

    paper.build(flow, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _section(section: Section, style: ParagraphStyle) -> list:
    flow: list = [Paragraph(_written(section.title), style)]
    flow += [Paragraph(_written(sentence), _BODY) for sentence in section.sentences]
    if section.rows:
        cells = [[Paragraph(_written(word), _HEAD) for word in section.head]]
        cells += [[Paragraph(_written(cell), _CELL) for cell in row] for row in section.rows]
        flow.append(Table(cells, colWidths=_widths(section), repeatRows=1, style=_GRID))
    return flow


def _widths(section: Section) -> list[float]:
    """Columns share the page by the square root of their longest cell."""
    longest = [
        max(len(row[i]) for row in (section.head, *section.rows)) ** 0.5 + 1
        for i in range(len(section.head))
    ]
    return [_PAGE_WIDTH * share / sum(longest) for share in longest]


def _written(text: str) -> str:
    """Text as the paper's markup takes it, letters outside its fonts as code points."""
    shown = "".join(c if c.encode("cp1252", "ignore") else f"[U+{ord(c):04X}]" for c in text)
    return escape(shown)


def _drawing(drawn: Sketch) -> Drawing:
    picture = Drawing(WIDTH, HEIGHT)
    flat = [value for point in drawn.points for value in point]
    if len(drawn.points) > 1:
        picture.add(PolyLine(flat, strokeColor=colors.HexColor("#1f77b4"), strokeWidth=1))
    x, y = drawn.points[-1]
    picture.add(Circle(x, y, 3, fillColor=colors.HexColor("#d62728"), strokeColor=None))
    for at_x, at_y, anchor, label in (
        (MARGIN, 6, "start", drawn.west),
        (WIDTH - MARGIN, 6, "end", drawn.east),
        (WIDTH / 2, HEIGHT - 10, "middle", drawn.north),
        (WIDTH / 2, 6, "middle", drawn.south),
    ):
        picture.add(String(at_x, at_y, label, fontSize=7, textAnchor=anchor))
    return picture
