// How the demonstration finds its words.
import { sayer } from '../text/sayer.ts'
import { WORDS } from './words.ts'

export const say = sayer(WORDS)
