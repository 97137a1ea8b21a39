/** How far apart two colours are for whom. */

// Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
const sight = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

function linear(color: string): number[] {
  return [1, 3, 5].map((i) => {
    const s = parseInt(color.slice(i, i + 2), 16) / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
}

function lab([r, g, b]: number[]): number[] {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 4 / 29);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Distance in CIELAB, where 2.3 is just noticeable, under each of three colour blindnesses. */
export function distances(one: string, other: string): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, m] of Object.entries(sight)) {
    const seen = [one, other].map((color) => {
      const v = linear(color);
      return lab([0, 3, 6].map((k) => Math.min(1, Math.max(0, m[k] * v[0] + m[k + 1] * v[1] + m[k + 2] * v[2]))));
    });
    out[name] = Math.hypot(...seen[0].map((v, i) => v - seen[1][i]));
  }
  return out;
}
