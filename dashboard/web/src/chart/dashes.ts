// Channels of one chart are told apart by the dashes of their lines, never by colour: lengths of ink and gap, px.
export const DASHES: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [10, 3, 2, 3]]
