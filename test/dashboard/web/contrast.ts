// Colours as WCAG 2.2 measures them, and as they are seen with one kind of cone missing.

/** Linear light, 0–1. */
export type Linear = readonly [red: number, green: number, blue: number]

/** Machado, Oliveira and Fernandes (2009), severity 1.0, on linear light. */
export const SEEN_WITH = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
} as const satisfies Record<string, readonly (readonly [number, number, number])[]>
export type Sight = keyof typeof SEEN_WITH

/** `#rrggbb` only: a colour that lets its ground through has no contrast of its own. */
export function linearOf(hex: string): Linear {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex)
  if (match === null) throw new Error(`not an opaque colour: ${hex}`)
  const [red, green, blue] = [match[1], match[2], match[3]].map((part) => {
    const share = Number.parseInt(part as string, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return [red, green, blue]
}

export function seen(colour: Linear, sight: Sight): Linear {
  const [red, green, blue] = SEEN_WITH[sight].map((row) =>
    Math.min(1, Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2])),
  ) as [number, number, number]
  return [red, green, blue]
}

const luminance = ([red, green, blue]: Linear): number => 0.2126 * red + 0.7152 * green + 0.0722 * blue

/** WCAG 2.2, “contrast ratio”: 1 to 21. */
export function contrast(one: Linear, other: Linear): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
