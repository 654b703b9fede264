// The pictures of the documentation, as a real browser shows a real hub: a shift at a desk, then the people and places around it.
import { mkdirSync } from 'node:fs'
import { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import { ADMIN_PASSWORD, startHubProcess } from '../support/hub-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { GUIDE, README } from './camera.ts'
import { deskPictures } from './desk-pictures.ts'
import { furnish } from './people-scene.ts'
import { phonePictures } from './phone-pictures.ts'
import { registerPictures } from './register-pictures.ts'
import { settle } from './scene.ts'

for (const folder of [README, GUIDE]) mkdirSync(folder, { recursive: true })
const hub = await startHubProcess()
const line = await startTcpProxy({ port: hub.httpPort })
const browser = await launchBrowser(['--autoplay-policy=no-user-gesture-required'])
try {
  const admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
  const stage = { hub, line, browser, admin, tokens: await settle(admin) }
  await deskPictures(stage)
  const places = await furnish(admin)
  await phonePictures(stage, places)
  await registerPictures(stage)
} finally {
  await browser.close()
  await line.stop()
  await hub.dispose()
}
