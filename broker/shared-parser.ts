// One packet parser for all clients of the broker core. The core gives each client a parser of its own, which keeps two
// kilobytes of stream between two packets, most of the time of an idle device; but a tunnel carries whole packets only, so
// nothing of one client is left over in here when the next one's turn comes.
import { parser as createParser, type Packet, type Parser } from 'mqtt-packet'

/** What the core does with a packet of a client; `this` is the client's parser. */
type Take = (this: ClientParser, packet: Packet) => void

export interface ParserOwner {
  emit(event: 'error', error: Error): boolean
}

export class SharedParser {
  #parser: Parser | null = null
  #found: Packet[] = []
  #failure: Error | null = null

  /** Takes whole packets apart. The core met them at the door already: one that it cannot read is an error of ours. */
  decode(bytes: Buffer): { readonly packets: readonly Packet[]; readonly failure: Error | null } {
    const parser = (this.#parser ??= this.#create())
    this.#found = []
    this.#failure = null
    const left = parser.parse(bytes)
    const packets = this.#found
    const failure = this.#failure ?? (left > 0 ? new Error('a packet did not end where it should') : null)
    this.#found = []
    // What is left in it belongs to this client: the next one gets a new one.
    if (failure !== null) this.#parser = null
    return { packets, failure }
  }

  #create(): Parser {
    return createParser()
      .on('packet', (packet) => this.#found.push(packet))
      .on('error', (error: Error) => (this.#failure = error))
  }
}

/** What stands in a client of the core in the place of its parser; the names are the core's. */
export class ClientParser {
  readonly client: ParserOwner
  /** Packets that came before the CONNECT was answered. */
  _queue: Packet[] | null = []
  readonly #shared: SharedParser
  #take: Take | null

  constructor(shared: SharedParser, client: ParserOwner, take: Take) {
    this.client = client
    this.#shared = shared
    this.#take = take
  }

  parse(bytes: Buffer): void {
    if (this.#take === null) return
    const { packets, failure } = this.#shared.decode(bytes)
    // A packet may end its client: nothing behind it counts then.
    for (const packet of packets) this.#take?.(packet)
    if (failure !== null && this.#take !== null) this.emit('error', failure)
  }

  emit(event: 'error', error: Error): boolean {
    return this.client.emit(event, error)
  }

  /** The core lets go of its client. */
  removeAllListeners(): void {
    this.#take = null
  }
}
