// Where keys belong to someone else: fields, and whatever opened above the desk.
export function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.closest('input, textarea, select, [role="dialog"], [role="menu"]') !== null
}

/** A focused button or link answers Enter itself. */
export const answersEnter = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a, summary') !== null
