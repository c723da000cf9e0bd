# SPDX-License-Identifier: Apache-2.0
"""Draws samples over time as an SVG, without a library."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 760, 150, 70, 20, 34, 62
PANELS = [
    ("Heap after a collection", "MiB", ["heap MiB"]),
    ("Threads", "threads", ["threads", "container threads"]),
    ("Descriptors", "descriptors", ["descriptors", "container descriptors"]),
    ("Round trips through the poller", "ms", ["p50 ms", "p99 ms"]),
]
COLOURS = ["#1f5fa8", "#c2571a"]


def rounded(most):
    """A round number not below."""
    step = 1.0
    while step < most:
        for factor in (1, 2, 5, 10):
            if step * factor >= most:
                return step * factor
        step *= 10
    while step / 10 >= most > 0:
        step /= 10
    return step


def draw(path, columns, rows):
    seconds = rows[-1][0] if rows else 1
    scale, unit = (3600.0, "hours") if seconds > 7200 else (60.0, "minutes") if seconds > 180 else (1.0, "seconds")
    end = max(seconds / scale, 1e-9)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{len(PANELS) * (HEIGHT + GAP) + TOP}" '
           'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    wide = WIDTH - LEFT - RIGHT
    for number, (title, what, names) in enumerate(PANELS):
        top = TOP + number * (HEIGHT + GAP)
        most = rounded(max([float(r[columns.index(n)]) for r in rows for n in names] or [1]) or 1)
        out.append(f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{title}</text>')
        for tick in range(5):
            y = top + HEIGHT - HEIGHT * tick / 4
            out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + wide}" y2="{y:.1f}" stroke="#ddd"/>')
            out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * tick / 4:g}</text>')
            x = LEFT + wide * tick / 4
            out.append(f'<text x="{x:.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{end * tick / 4:.3g}</text>')
        out.append(f'<text x="{LEFT + wide / 2}" y="{top + HEIGHT + 32}" text-anchor="middle">{unit}</text>')
        out.append(f'<text transform="translate(16 {top + HEIGHT / 2}) rotate(-90)" text-anchor="middle">{what}</text>')
        for i, name in enumerate(names):
            at = columns.index(name)
            points = " ".join(f"{LEFT + wide * (r[0] / scale) / end:.1f},{top + HEIGHT - HEIGHT * float(r[at]) / most:.1f}"
                              for r in rows)
            out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[i]}" stroke-width="1.5"/>')
            out.append(f'<text x="{LEFT + wide - 150 * (len(names) - 1 - i)}" y="{top - 10}" text-anchor="end" '
                       f'fill="{COLOURS[i]}">{name}</text>')
    out.append("</svg>")
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")
