// The contract's version. A test hashes every shape, topic and kind: changing one without raising the version fails.
// Raise it, say why in one line, and write the new hash that the test prints.
export const CONTRACT_VERSION = 3

/** One line a version. */
export const CONTRACT_HISTORY: Readonly<Record<number, string>> = {
  1: 'Devices, readings, events, alarms, the live feed and the HTTP API of the first release.',
  2: 'People and places: ten roles, rooms and leases, files, commands, push, the wall.',
  3: 'Several machines: partitions, what the processes of a cluster say of themselves, bridges.',
}

/** SHA-256 over every schema as JSON Schema, the topics and the kinds with their rules. */
export const CONTRACT_HASH = 'a970a4978f70101cce63d1e3988ee8874fde3501f4eb308653808e0a94eb721a'
