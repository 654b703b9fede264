// `npm start`: builds the pages if they are missing or older than their sources, then runs the hub.
import { buildPagesIfStale } from './pages.ts'

if (!process.argv.includes('--help') && !process.argv.includes('-h')) {
  buildPagesIfStale()
  process.stderr.write('智安  正在启动…  Starting…\n')
}
await import('./main.ts')
