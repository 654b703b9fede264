// The names of the device kinds, for what must know them before it knows what a kind is: rules, and the kinds that have them.
export const KIND_NAMES = ['electricity', 'gas', 'smoke', 'access', 'charger', 'water', 'gateway', 'camera'] as const
export type KindName = (typeof KIND_NAMES)[number]
