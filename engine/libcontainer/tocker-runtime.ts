// `tocker-runtime`: an OCI runtime. The second of the two bundles that it runs:
// tocker-ahead.ts came before, and may have started an init.
//
// Next: engine/libcontainer/main.ts
import { exitAtOnce } from '../syscalls/process.ts'
import { engineOf } from './engine.ts'
import type { Shared } from './idle-init.ts'
import { initCommand } from './init-command.ts'
import { main } from './main.ts'

/** From the build (esbuild.config.mjs), and from tocker-ahead.ts. */
declare const shared: Shared

main(process.argv.slice(2), engineOf(initCommand(), shared.ahead)).then((status) => {
  if (shared.ahead) exitAtOnce(status)
  // Others have not loaded the FFI, which takes as long as it would save.
  process.exit(status)
})
