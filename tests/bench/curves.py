#!/usr/bin/python3
"""Draws the growth rows of a bench as pictures: curves.py RESULT.json FOLDER

Without a library, so that anybody can draw them again. Colours are readable on white and on black.
"""

import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 50, 60
COLOURS = ("#3b82f6", "#d97706", "#16a34a")
GREY = "#7f7f7f"


def growth(result, figure):
    """{"1,000 orgs": [(resources due, median, least, most), ...], ...}"""
    lines = {}
    for name, row in result["rows"].items():
        if not name.startswith("growth-"):
            continue
        points = [(int(key.rsplit("_", 1)[1]), of["median"], of["min"], of["max"])
                  for key, of in row["summary"].items() if key.startswith(f"{figure}_at_")]
        orgs = int(name.removeprefix("growth-"))
        lines[f"{orgs:,} org{'s' if orgs > 1 else ''}"] = sorted(points)
    return lines


def nice_top(value):
    """The next of 1, 2, 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def text(x, y, words, anchor="middle", size=12, colour=GREY):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
            f"{words}</text>")


class Plot:
    def __init__(self, lines):
        due = [point[0] for points in lines.values() for point in points]
        self.least, self.most = math.log10(min(due)), math.log10(max(due))
        self.top = nice_top(max(point[3] for points in lines.values() for point in points))
        self.due = sorted(set(due))

    def x(self, due):
        share = (math.log10(due) - self.least) / ((self.most - self.least) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)

    def frame(self, title, unit):
        yield text(LEFT, 22, title, "start", 15)
        yield text(LEFT, 40, unit, "start")
        yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "resources due")
        for quarter in range(5):
            value = self.top * quarter / 4
            yield (f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(value):.1f}" y2="{self.y(value):.1f}"'
                   f' stroke="{GREY}" stroke-opacity="0.35"/>')
            yield text(LEFT - 8, self.y(value) + 4, f"{value:,.0f}" if self.top >= 8 else f"{value:.1f}", "end")
        for due in self.due:
            yield text(self.x(due), HEIGHT - BOTTOM + 20, f"{due:,}")

    def line(self, name, points, colour):
        path = " ".join(f"{self.x(due):.1f},{self.y(median):.1f}" for due, median, _, _ in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for due, median, least, most in points:
            yield (f'<line x1="{self.x(due):.1f}" x2="{self.x(due):.1f}" y1="{self.y(least):.1f}"'
                   f' y2="{self.y(most):.1f}" stroke="{colour}"/>')
            yield f'<circle cx="{self.x(due):.1f}" cy="{self.y(median):.1f}" r="3.5" fill="{colour}"/>'

    def names(self, lines):
        """At the lines' ends, and never on top of each other."""
        ends = sorted((self.y(points[-1][1]), name, colour)
                      for (name, points), colour in zip(lines.items(), COLOURS))
        below = 0.0
        for y, name, colour in ends:
            below = max(y, below + 16)
            yield text(WIDTH - RIGHT + 12, below + 4, name, "start", 12, colour)


def draw(lines, title, unit):
    plot = Plot(lines)
    parts = list(plot.frame(title, unit))
    for (name, points), colour in zip(lines.items(), COLOURS):
        parts.extend(plot.line(name, points, colour))
    parts.extend(plot.names(lines))
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' font-family="sans-serif">\n{body}\n</svg>\n')


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    result = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    pictures = {"growth-rate.svg": ("per_s", "The drain's rate as the backlog grows", "resources/s"),
                "growth-claims.svg": ("claim_us", "What a claim costs Postgres", "µs for each resource")}
    for file, (figure, title, unit) in pictures.items():
        lines = growth(result, figure)
        if not lines:
            sys.exit(f"{sys.argv[1]} has no growth rows: ./dev bench --full, or name them")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(draw(lines, title, unit))
        print(folder / file)


if __name__ == "__main__":
    main()
