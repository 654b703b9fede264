// Readings of the devices that pages here have opened. Listening to a device's channel is what tells its owner that somebody
// watches: nothing is sent of the others.
import { decodeReadingNews } from '../live-words.ts'
import type { ReadingNews } from '../live-words.ts'
import { readingChannel } from '../keys.ts'
import type { Subscriber } from '../subscriber.ts'

export class WatchedReadings {
  private readonly subscriber: Subscriber
  private readonly heard: (deviceId: string, news: ReadingNews) => void
  private readonly ends = new Map<string, () => void>()

  constructor(subscriber: Subscriber, heard: (deviceId: string, news: ReadingNews) => void) {
    this.subscriber = subscriber
    this.heard = heard
  }

  watch(deviceId: string, watched: boolean): void {
    const end = this.ends.get(deviceId)
    if (watched === (end !== undefined)) return
    if (end !== undefined) {
      this.ends.delete(deviceId)
      return end()
    }
    this.ends.set(
      deviceId,
      this.subscriber.on(readingChannel(deviceId), (text) => {
        const news = decodeReadingNews(text)
        if (news !== null) this.heard(deviceId, news)
      }),
    )
  }
}
