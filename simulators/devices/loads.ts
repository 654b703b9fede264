// How much of its rated current a circuit carries over a day, by what hangs on it. Shares of rated current by hour, 0…23.

export const LOAD_SHAPES = {
  /** Tenants: a morning peak, cooking at noon, evening with air conditioning and e-bikes until 23. */
  household: [
    0.1, 0.08, 0.07, 0.07, 0.07, 0.09, 0.18, 0.26, 0.2, 0.15, 0.15, 0.24, 0.27, 0.18, 0.15, 0.15, 0.18, 0.27, 0.4, 0.46,
    0.48, 0.44, 0.32, 0.18,
  ],
  /** A restaurant's kitchen: 11 and 18 o'clock. */
  kitchen: [
    0.08, 0.07, 0.07, 0.07, 0.08, 0.12, 0.22, 0.28, 0.24, 0.3, 0.46, 0.62, 0.58, 0.36, 0.22, 0.22, 0.32, 0.55, 0.66,
    0.56, 0.4, 0.26, 0.16, 0.1,
  ],
  /** A small shop: lights and a refrigerator, 8 to 21. */
  shop: [
    0.09, 0.09, 0.09, 0.09, 0.09, 0.09, 0.1, 0.16, 0.28, 0.33, 0.34, 0.35, 0.34, 0.33, 0.34, 0.34, 0.34, 0.36, 0.4, 0.4,
    0.34, 0.22, 0.12, 0.1,
  ],
  /** A workshop: one shift with a break at noon. */
  workshop: [
    0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.08, 0.24, 0.56, 0.63, 0.64, 0.5, 0.2, 0.52, 0.63, 0.64, 0.6, 0.4, 0.18, 0.1,
    0.07, 0.06, 0.05, 0.05,
  ],
  /** Where e-bikes are charged: 19 to 23, when people are home. */
  ebikes: [
    0.14, 0.08, 0.05, 0.04, 0.04, 0.04, 0.05, 0.05, 0.04, 0.04, 0.05, 0.08, 0.1, 0.08, 0.05, 0.05, 0.06, 0.12, 0.28,
    0.5, 0.6, 0.62, 0.56, 0.34,
  ],
} as const satisfies Record<string, readonly number[]>

export type LoadShape = keyof typeof LOAD_SHAPES

/** Area under a shape from midnight to `hour`, in share × hours. */
export function areaUntil(shape: LoadShape, hour: number): number {
  const table = LOAD_SHAPES[shape]
  const whole = Math.floor(hour)
  let area = 0
  for (let i = 0; i < whole; i++) area += ((table[i] as number) + (table[(i + 1) % 24] as number)) / 2
  const share = hour - whole
  const [here, next] = [table[whole % 24] as number, table[(whole + 1) % 24] as number]
  return area + share * (here + ((next - here) * share) / 2)
}
