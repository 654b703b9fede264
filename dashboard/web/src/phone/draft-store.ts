// Where what could not be sent is kept: this browser's own database, until the person tries again or discards it.
import type { Verdict } from '../../../../contract/alarms.ts'

export interface DraftPhoto {
  readonly id: string
  readonly name: string
  readonly picture: Blob
  readonly sent: boolean
}

/** A verdict with its photographs, as far as they have been sent. */
export interface Draft {
  readonly id: string
  readonly userId: string
  readonly alarmId: string
  readonly title: string
  readonly place: string
  readonly at: number
  /** The transition that it answers. */
  readonly seq: number
  readonly verdict: Verdict
  readonly comment: string
  readonly verdictSent: boolean
  readonly photos: readonly DraftPhoto[]
}

const NAME = 'zhian-phone'
const STORE = 'drafts'

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asking = indexedDB.open(NAME, 1)
    asking.onupgradeneeded = () => asking.result.createObjectStore(STORE, { keyPath: 'id' })
    asking.onsuccess = () => resolve(asking.result)
    asking.onerror = () => reject(asking.error ?? new Error('the drafts cannot be opened'))
  })
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened()
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      const asking = work(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(asking.result)
      transaction.onabort = () => reject(transaction.error ?? new Error('the drafts cannot be written'))
    })
  } finally {
    database.close()
  }
}

/** Of this person, the oldest first. */
export async function draftsOf(userId: string): Promise<Draft[]> {
  const all = await within<Draft[]>('readonly', (store) => store.getAll() as IDBRequest<Draft[]>)
  return all.filter((draft) => draft.userId === userId).toSorted((a, b) => a.at - b.at)
}

export const keepDraft = (draft: Draft): Promise<unknown> => within('readwrite', (store) => store.put(draft))

export const dropDraft = (id: string): Promise<unknown> => within('readwrite', (store) => store.delete(id))
