// The contract's version. A test hashes every shape, topic and kind: changing one without raising the version fails.
// Raise it, say why in one line, and write the new hash that the test prints.
export const CONTRACT_VERSION = 1

/** One line a version. */
export const CONTRACT_HISTORY: Readonly<Record<number, string>> = {
  1: 'Devices, readings, events, alarms, the live feed and the HTTP API of the first release.',
}

/** SHA-256 over every schema as JSON Schema, the topics and the kinds with their rules. */
export const CONTRACT_HASH = '29d50971ca3bdf274207c53d37dd3435f77718e4b88928534af15eae3a32931b'
