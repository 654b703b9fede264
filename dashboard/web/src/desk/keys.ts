// The keys of the desk. By position (`event.code`), so that they work under any layout and input method; nothing while a
// text is being composed, while a key is held down, with a modifier, or with focus where text goes.
export const DESK_ACTIONS = [
  'next',
  'previous',
  'open',
  'ack',
  'ack_reason',
  'reset',
  'comment',
  'verdict',
  'field_verified',
  'mute',
  'show_new',
  'search',
  'close',
  'help',
] as const
export type DeskAction = (typeof DESK_ACTIONS)[number]

interface Stroke {
  readonly code: string
  readonly shift?: true
  readonly label: string
}

export const STROKES = {
  next: [
    { code: 'KeyJ', label: 'J' },
    { code: 'ArrowDown', label: '↓' },
  ],
  previous: [
    { code: 'KeyK', label: 'K' },
    { code: 'ArrowUp', label: '↑' },
  ],
  open: [
    { code: 'Enter', label: 'Enter' },
    { code: 'NumpadEnter', label: 'Enter' },
  ],
  ack: [{ code: 'KeyA', label: 'A' }],
  ack_reason: [{ code: 'KeyA', shift: true, label: 'Shift A' }],
  reset: [{ code: 'KeyR', label: 'R' }],
  comment: [{ code: 'KeyC', label: 'C' }],
  verdict: [{ code: 'KeyV', label: 'V' }],
  field_verified: [{ code: 'KeyF', label: 'F' }],
  mute: [{ code: 'KeyM', label: 'M' }],
  show_new: [{ code: 'KeyN', label: 'N' }],
  search: [{ code: 'Slash', label: '/' }],
  close: [{ code: 'Escape', label: 'Esc' }],
  help: [{ code: 'Slash', shift: true, label: '?' }],
} satisfies Record<DeskAction, readonly Stroke[]>

/** What of a keyboard event decides; a DOM KeyboardEvent is one. */
export interface KeyLike {
  readonly code: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
  readonly repeat: boolean
  readonly isComposing: boolean
  /** 229 is what browsers send for keys an input method has taken. */
  readonly keyCode: number
}

export function deskAction(event: KeyLike, inField: boolean): DeskAction | null {
  if (inField || event.isComposing || event.keyCode === 229 || event.repeat) return null
  if (event.ctrlKey || event.altKey || event.metaKey) return null
  for (const action of DESK_ACTIONS)
    for (const stroke of STROKES[action] as readonly Stroke[])
      if (stroke.code === event.code && (stroke.shift ?? false) === event.shiftKey) return action
  return null
}
