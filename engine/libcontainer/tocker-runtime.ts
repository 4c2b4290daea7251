// `tocker-runtime`: an OCI runtime. One bundle, two programs: the command line,
// and init, which it starts and which becomes the container.
//
// Next: engine/libcontainer/main.ts
import { engineOf } from './engine.ts'

const [node, file = '', first, ...rest] = process.argv
if (first === 'init') {
  const [channel, passing] = rest.map(Number)
  const { runInit } = await import('./init.ts')
  runInit(channel ?? -1, passing)
}

const { main } = await import('./main.ts')
process.exit(await main(process.argv.slice(2), engineOf([node ?? process.execPath, file])))
