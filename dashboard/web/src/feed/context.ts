// The page's one feed, for whatever stands inside the frame.
import { createContext } from 'svelte'
import type { Feed } from './feed.svelte.ts'

export const [getFeed, setFeed] = createContext<Feed>()
