// Choices kept in this browser. Storage may be refused (private window): then they last as long as the page.
const PREFIX = 'zhian.'

export function recall<T extends string>(name: string, allowed: readonly T[]): T | null {
  const text = recallText(name)
  return allowed.find((value) => value === text) ?? null
}

export function recallText(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value)
  } catch {
    // Refused: nothing to keep it in.
  }
}
