// The door of the page. The order of imports matters: see the first.
import './api/interpret-schemas.ts'
import { mount } from 'svelte'
import './tokens.css'
import './base.css'
import App from './App.svelte'
import { language } from './text/language.svelte.ts'

void language.prepare().then(() => mount(App, { target: document.getElementById('app') as HTMLElement }))
