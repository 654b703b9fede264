// The door of the phone. The order of imports matters: see the first.
import '../api/interpret-schemas.ts'
import { mount } from 'svelte'
import '../tokens.css'
import '../base.css'
import { language } from '../text/language.svelte.ts'
import PhoneApp from './PhoneApp.svelte'
import { worker } from './worker.svelte.ts'

worker.start()
void language.prepare().then(() => mount(PhoneApp, { target: document.getElementById('app') as HTMLElement }))
