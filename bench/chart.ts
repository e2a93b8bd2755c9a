/** Bar charts as SVG: one group of bars for each measure, one bar for each column. */

/** A bar of a group. */
export interface Bar {
  readonly column: string;
  /** How it stands to the first column, 1 being the same; longer is better. */
  readonly ratio: number;
  /** What is written at its end. */
  readonly label: string;
}

/** The bars of a measure. */
export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LEFT = 150;
const RIGHT = 140;
const BAR = 14;
const GAP = 14;
const TOP = 62;
/** Beyond this a bar is cut: one long bar must not make all others unreadable. */
const LONGEST = 5;
const COLOURS = ["#6b7280", "#0f766e", "#15803d", "#1d4ed8", "#7e22ce", "#b45309", "#be123c"];

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;
}

/** Draws a chart; the text is readable on light and on dark ground. */
export function drawChart(title: string, groups: readonly Group[]): string {
  const columns = groups[0]?.bars.map(({ column }) => column) ?? [];
  const longest = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio)));
  const scale = (WIDTH - LEFT - RIGHT) / Math.min(longest, LONGEST);
  const body: string[] = [];
  let y = TOP;
  for (const { title, bars } of groups) {
    body.push(text(LEFT - 10, y + bars.length * BAR / 2 + 4, title, 'text-anchor="end"'));
    for (const { column, ratio, label } of bars) {
      const length = Math.min(ratio, LONGEST) * scale;
      const colour = COLOURS[columns.indexOf(column) % COLOURS.length];
      body.push(
        `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 2}" ` +
          `fill="${colour}"/>`,
        text(LEFT + length + 6, y + BAR - 4, label, 'font-size="11"'),
      );
      y += BAR;
    }
    y += GAP;
  }
  const one = LEFT + scale;
  const legend = columns.map((column, i) => {
    const x = LEFT + i * ((WIDTH - LEFT) / columns.length);
    const square = `<rect x="${x}" y="32" width="10" height="10" fill="${COLOURS[i]}"/>`;
    return square + text(x + 14, 41, column, 'font-size="11"');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" ` +
    `viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="13" ` +
    'fill="#334155">',
    `<rect width="${WIDTH}" height="${y}" fill="#f8fafc"/>`,
    text(10, 20, title, 'font-weight="bold"'),
    ...legend,
    ...body,
    `<line x1="${one.toFixed(1)}" y1="${TOP - 6}" x2="${one.toFixed(1)}" y2="${y - GAP}" ` +
    'stroke="#334155" stroke-dasharray="3 3"/>',
    "</svg>",
    "",
  ].join("\n");
}
