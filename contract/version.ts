// The contract's version. A test hashes every shape, topic and kind: changing one without raising the version fails.
// Raise it, say why in one line, and write the new hash that the test prints.
export const CONTRACT_VERSION = 1

/** One line a version. */
export const CONTRACT_HISTORY: Readonly<Record<number, string>> = {
  1: 'Devices, readings, events, alarms, the live feed and the HTTP API of the first release.',
}

/** SHA-256 over every schema as JSON Schema, the topics and the kinds with their rules. */
export const CONTRACT_HASH = '6d026946b34a5a3d71da8f327f7e1a8dfaa2ab4870ffd55fb5817125dad70d7f'
