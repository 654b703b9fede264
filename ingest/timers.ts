// Which device's state is due next. A binary heap of (due, device); a device is in it at most once at a time, at the
// earliest instant asked for: later wishes are found when that instant comes.

interface Entry<T> {
  due: number
  readonly item: T
}

export class DueQueue<T extends object> {
  private readonly heap: Entry<T>[] = []
  private readonly scheduled = new Map<T, number>()

  get size(): number {
    return this.heap.length
  }

  /** The earliest due instant, or null. */
  peek(): number | null {
    return this.heap[0]?.due ?? null
  }

  /** Makes sure `item` comes up at `due` or earlier. */
  want(item: T, due: number): void {
    const at = this.scheduled.get(item)
    if (at !== undefined && at <= due) return
    this.scheduled.set(item, due)
    this.push({ due, item })
  }

  /** Forgets the item. */
  drop(item: T): void {
    this.scheduled.delete(item)
  }

  /** Takes every item due at `now` or before, earliest first. */
  take(now: number): T[] {
    const taken: T[] = []
    while (this.heap.length > 0 && (this.heap[0] as Entry<T>).due <= now) {
      const entry = this.pop()
      // An entry that a nearer wish or a drop has replaced is stale.
      if (this.scheduled.get(entry.item) !== entry.due) continue
      this.scheduled.delete(entry.item)
      taken.push(entry.item)
    }
    return taken
  }

  private push(entry: Entry<T>): void {
    const heap = this.heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Entry<T>
      if (above.due <= entry.due) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  private pop(): Entry<T> {
    const heap = this.heap
    const top = heap[0] as Entry<T>
    const last = heap.pop() as Entry<T>
    const size = heap.length
    if (size === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= size) break
      if (child + 1 < size && (heap[child + 1] as Entry<T>).due < (heap[child] as Entry<T>).due) child++
      const below = heap[child] as Entry<T>
      if (below.due >= last.due) break
      heap[index] = below
      index = child
    }
    heap[index] = last
    return top
  }
}
