"""Line charts with logarithmic axes as SVG text: no library, readable on light and on dark pages."""
import html
import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 55
# Told apart by colour (also by those who see few), by dash and by mark; legible on white and black.
STYLES = [("#0a84c6", "", "circle"), ("#d9730d", "6 3", "square"), ("#2f9e6e", "2 3", "circle"),
          ("#b65fb0", "8 3 2 3", "square"), ("#8a8a8a", "1 4", "circle"), ("#b8860b", "10 4", "square")]


def text_of(value):
    """A tick: 1000 as 10^3, small ones in digits."""
    power = math.log10(value)
    if abs(power - round(power)) < 1e-9 and abs(power) > 3:
        return f"10<tspan dy='-5' font-size='9'>{round(power)}</tspan>"
    return f"{value:g}"


def ticks(low, high):
    """Powers of ten in the range, or 1, 2 and 5 of them where there are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [10.0**p for p in powers if low <= 10.0**p <= high]
    if len(found) < 3:
        found = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]
    return found


def span(values):
    """Ends of a logarithmic axis around the values."""
    low, high = min(values), max(values)
    room = max(1.15, (high / low)**0.05)
    return low / room, high * room


def marker(kind, x, y, colour):
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    return f'<rect x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4" fill="{colour}"/>'


def axes(place_x, place_y, x_range, y_range, labels):
    """Grid lines with their figures, and the names of both axes."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    out = []
    for value in ticks(*x_range):
        x = place_x(value)
        out += [f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>',
                f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{text_of(value)}</text>']
    for value in ticks(*y_range):
        y = place_y(value)
        out += [f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>',
                f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{text_of(value)}</text>']
    middle = (TOP + bottom) / 2
    return out + [
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{labels[0]}</text>',
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{labels[1]}</text>']


def chart(title, labels, series):
    """An SVG document. labels: (x, y); series: {name: [(x, y), ...]}, all above 0."""
    series = {name: sorted(points) for name, points in series.items() if points}
    x_range = span([x for points in series.values() for x, _ in points])
    y_range = span([y for points in series.values() for _, y in points])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def place(value, ends, first, last):
        return first + (last - first) * math.log(value / ends[0]) / math.log(ends[1] / ends[0])

    def place_x(value):
        return place(value, x_range, LEFT, right)

    def place_y(value):
        return place(value, y_range, bottom, TOP)

    title, labels = html.escape(title), [html.escape(label) for label in labels]
    told = "; ".join(f"{name}: " + ", ".join(f"{x:g} {y:.3g}" for x, y in points)
                     for name, points in series.items())
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           'aria-labelledby="t d" font-family="sans-serif" font-size="12">',
           f'<title id="t">{title}</title>',
           f'<desc id="d">{labels[1]} over {labels[0]}. {html.escape(told)}</desc>',
           '<style>text{fill:#333}.grid{stroke:#888;stroke-opacity:.3;fill:none}.line{fill:none;'
           'stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>',
           f'<text x="{LEFT}" y="22" font-size="15">{title}</text>',
           *axes(place_x, place_y, x_range, y_range, labels)]
    for i, (name, points) in enumerate(series.items()):
        colour, dash, mark = STYLES[i % len(STYLES)]
        at = [(place_x(x), place_y(y)) for x, y in points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        key = TOP + 12 + 20 * i
        out += [f'<path class="line" stroke="{colour}" stroke-dasharray="{dash}" d="{path}"/>',
                *(marker(mark, x, y, colour) for x, y in at),
                f'<path class="line" stroke="{colour}" stroke-dasharray="{dash}" '
                f'd="M{right + 12} {key}h24"/>', marker(mark, right + 24, key, colour),
                f'<text x="{right + 42}" y="{key + 4}">{html.escape(name)}</text>']
    return "\n".join([*out, "</svg>"]) + "\n"
