// Advisory locks of the ledger's database: two numbers each, the first of which is Zhi'an's.

/** 'ZHAN' */
export const LOCK_SPACE = 0x5a48414e

/** Whoever writes what people do: one transaction after another, in all processes together. */
export const ADMINISTRATION = 1
/** Whoever brings the schema up to date. */
export const SCHEMA = 2
/** Whoever drops what is not kept for ever. */
export const UPKEEP = 3
