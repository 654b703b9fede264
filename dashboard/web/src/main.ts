// The door of the page. zod's compiled validators need `new Function`, which the hub's policy forbids: interpret instead.
import { mount } from 'svelte'
import * as z from 'zod'
import './tokens.css'
import './base.css'
import App from './App.svelte'

z.config({ jitless: true })
mount(App, { target: document.getElementById('app') as HTMLElement })
