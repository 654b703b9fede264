// What a browser is told of a file's name. RFC 6266: a plain name for old readers, the whole one in UTF-8.

/** The last part of a path, without what file systems, headers and shells give a meaning to. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  // Control characters, and those that turn the order of letters: `evil‮gpj.exe` looks like a picture.
  const plain = last
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .replace(/["*:<>?|]/g, '_')
    .replace(/^\.+/, '')
    .trim()
  return plain.slice(0, 120) || 'file'
}

export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
