/** Hash of Redis: what a worker of its own process has stored, by device, time and type. */
export const STORED_KEY = 'test:stored'
