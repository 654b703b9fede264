// Whether the search stands open, and what opens it: its button, Ctrl+K, and `/` wherever the page has no other use for that
// key (the desk narrows its list by it). The dialog itself is fetched when it is first wanted.
import { session } from '../app/session.svelte.ts'

class Finder {
  open = $state(false)
  /** It has been opened once: its code is there, and it closes without being thrown away. */
  wanted = $state(false)

  show(): void {
    if (!session.can('search:use')) return
    this.wanted = true
    this.open = true
  }

  /** By position, so that it works under any layout; nothing while an input method composes. */
  onKey(event: KeyboardEvent, slashIsTaken: boolean): void {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.repeat || event.altKey) return
    const command = event.ctrlKey || event.metaKey
    const slash = event.code === 'Slash' && !event.shiftKey && !slashIsTaken && !inField(event.target)
    const wanted = command ? event.code === 'KeyK' : slash
    if (!wanted || document.querySelector('[role="dialog"]') !== null) return
    event.preventDefault()
    this.show()
  }
}

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

export const finder = new Finder()
