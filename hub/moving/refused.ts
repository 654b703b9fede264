/** The move cannot be made as things are; the message says, in both languages, what to do. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused'
}
