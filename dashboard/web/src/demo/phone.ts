// Telephone numbers of the demonstration are invented: nobody is called by a touch.
import { demo } from './demo.svelte.ts'

/** `tel:…`; undefined in the demonstration: a link without an address does nothing. */
export const telOf = (phone: string): string | undefined => (demo.on ? undefined : `tel:${phone.replaceAll(' ', '')}`)
