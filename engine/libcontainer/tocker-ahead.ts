// The first act of `tocker-runtime`, when there will be a container: the init of that
// starts. A bundle of its own, since the one with everything else takes 4 ms to load.
//
// Next: engine/libcontainer/idle-init.ts
import { type Shared, startAhead } from './idle-init.ts'
import { initCommand } from './init-command.ts'

/** From the build (esbuild.config.mjs), and for tocker-runtime.ts. */
declare const shared: Shared

// Nothing is parsed yet. If one of these words is the name of something else, an init ends with us, unused.
const words = process.argv.slice(2)
if (words.includes('run') || words.includes('create')) shared.ahead = startAhead(initCommand())
