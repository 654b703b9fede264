// How the pages of rental houses find their words, and how they name a room.
import type { Room } from '../../../../contract/http/rentals.ts'
import { sayer } from '../text/sayer.ts'
import { WORDS } from './words.ts'

export const say = sayer(WORDS)

export const floorName = (floor: number): string =>
  floor < 0 ? say('floor.below', { n: -floor }) : say('floor', { n: floor })

/** `1 幢 · 3 层 · 301`. */
export const roomName = ({ building, floor, name }: Pick<Room, 'building' | 'floor' | 'name'>): string =>
  [building, floorName(floor), name].filter((part) => part !== '').join(' · ')

export const peopleText = (n: number): string => (n === 1 ? say('people.one') : say('people', { n }))
