// The door for JSON: bytes in, a parsed value or a named reason out. Checks size, encoding and depth before parsing.
import { isUtf8 } from 'node:buffer'
import type { RejectionReason } from '../../contract/payloads.ts'
import { MAX_JSON_DEPTH, MAX_PAYLOAD_BYTES } from '../../contract/topics.ts'

/** Keys that could reach a prototype. JSON.parse makes them plain own properties; nothing may copy them further. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d

/** Deepest nesting of objects and arrays, counted on bytes; strings are skipped. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > deepest) deepest = depth
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
  }
  return deepest
}

export type ParsedJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: RejectionReason }

export function parseJson(payload: Uint8Array): ParsedJson {
  if (payload.length > MAX_PAYLOAD_BYTES) return { ok: false, reason: 'too_large' }
  if (!isUtf8(payload)) return { ok: false, reason: 'not_utf8' }
  if (depthOf(payload) > MAX_JSON_DEPTH) return { ok: false, reason: 'too_deep' }
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false, reason: 'not_json' }
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
