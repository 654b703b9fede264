// The proxy is the fault of many tests: first of all it must do what it says.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

/** A client and what the echo server sent back to it. */
function client(port: number): { socket: Socket; text: () => string; ended: Promise<'reset' | 'closed'> } {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let reset = false
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  socket.on('error', () => (reset = true))
  const ended = new Promise<'reset' | 'closed'>((resolve) =>
    socket.once('close', () => resolve(reset ? 'reset' : 'closed')),
  )
  return { socket, text: () => text, ended }
}

describe('TCP proxy', () => {
  let echo: Server
  let served: Socket[]
  let proxy: TcpProxy
  beforeEach(async () => {
    served = []
    echo = createServer((socket) => {
      served.push(socket)
      socket.on('error', () => undefined)
      socket.pipe(socket)
    })
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    proxy = await startTcpProxy({ port: (echo.address() as AddressInfo).port })
  })
  afterEach(async () => {
    await proxy.stop()
    for (const socket of served) socket.destroy()
    echo.close()
  })

  it('passes both directions on unchanged, a large transfer included, and a polite end', async () => {
    const { socket, text, ended } = client(proxy.port)
    const sent = Array.from({ length: 3_000_000 }, (_, i) => String.fromCharCode(97 + (i % 23))).join('')
    socket.end(sent)
    expect(await ended).toBe('closed')
    expect(text() === sent).toBe(true)
    expect(proxy.passed).toEqual({ up: sent.length, down: sent.length })
    await expect.poll(() => proxy.open).toBe(0)
  })

  it('resets both sides on a cut, and lets the next connection through', async () => {
    const first = client(proxy.port)
    first.socket.write('a')
    await expect.poll(first.text).toBe('a')
    proxy.cut()
    expect(await first.ended).toBe('reset')
    await expect.poll(() => served[0]?.destroyed).toBe(true)
    const second = client(proxy.port)
    second.socket.write('b')
    await expect.poll(second.text).toBe('b')
    expect(proxy.accepted).toBe(2)
  })

  it('breaks in the middle of a packet: what comes before the cut still arrives', async () => {
    const { socket, text, ended } = client(proxy.port)
    proxy.cutAfter('down', 4)
    socket.write('0123456789')
    await ended
    expect(text()).toBe('0123')
  })

  it('holds everything while frozen, a new connection too, and loses none of it', async () => {
    const first = client(proxy.port)
    first.socket.write('a')
    await expect.poll(first.text).toBe('a')
    proxy.freeze()
    first.socket.write('b')
    const second = client(proxy.port)
    await once(second.socket, 'connect')
    second.socket.write('c')
    // Passing one more byte past a proxy of its own proves that time enough has gone by.
    const beside = await startTcpProxy({ port: (echo.address() as AddressInfo).port })
    beside.delay(50)
    const third = client(beside.port)
    third.socket.write('d')
    await expect.poll(third.text).toBe('d')
    await beside.stop()
    expect([first.text(), second.text()]).toEqual(['a', ''])
    proxy.thaw()
    await expect.poll(first.text).toBe('ab')
    await expect.poll(second.text).toBe('c')
  })

  it('does not tell one side that the other has gone while it is frozen', async () => {
    const { socket, text } = client(proxy.port)
    socket.write('a')
    await expect.poll(text).toBe('a')
    proxy.freeze()
    socket.resetAndDestroy()
    await once(socket, 'close')
    await new Promise((resolve) => setImmediate(resolve))
    expect(served[0]?.destroyed).toBe(false)
    proxy.thaw()
    await expect.poll(() => served[0]?.destroyed).toBe(true)
  })

  it('delays every byte and keeps their order', async () => {
    const { socket, text } = client(proxy.port)
    await once(socket, 'connect')
    proxy.delay(40)
    const before = performance.now()
    for (const letter of 'ordered') socket.write(letter)
    await expect.poll(text).toBe('ordered')
    // Once each way.
    expect(performance.now() - before).toBeGreaterThanOrEqual(79)
  })

  it('flips one bit of the byte named and of no other', async () => {
    const { socket, text } = client(proxy.port)
    proxy.flip('up', 2)
    socket.write('aaaa')
    await expect.poll(text).toBe('aa`a')
    socket.write('aaaa')
    await expect.poll(text).toBe('aa`aaaaa')
  })

  it('refuses new connections and leaves the old ones alone', async () => {
    const first = client(proxy.port)
    first.socket.write('a')
    await expect.poll(first.text).toBe('a')
    proxy.refuse(true)
    expect(await client(proxy.port).ended).toBe('reset')
    first.socket.write('b')
    await expect.poll(first.text).toBe('ab')
  })
})
