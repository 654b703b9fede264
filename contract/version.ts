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
export const CONTRACT_HASH = 'f0fa8f1041ed57aa1cdb3137954787a5b56100f8ab03295f2f552c57440b7060'
