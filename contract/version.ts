// The contract's version. A test hashes every shape, topic and kind: changing one without raising the version fails.
// Raise it, say why in one line, and write the new hash that the test prints.
export const CONTRACT_VERSION = 1

/** One line a version. */
export const CONTRACT_HISTORY: Readonly<Record<number, string>> = {
  1: 'Devices, readings, events, alarms, the live feed and the HTTP API of the first release.',
}

/** SHA-256 over every schema as JSON Schema, the topics and the kinds with their rules. */
export const CONTRACT_HASH = 'e16a7bd39423417634219d2a6a7214bbab89afd91395e780eccad1b99ee34a11'
