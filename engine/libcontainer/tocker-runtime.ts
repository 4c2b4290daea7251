// `tocker-runtime`: an OCI runtime.
//
// Next: engine/libcontainer/main.ts
import { engineOf } from './engine.ts'
import { initCommand } from './init-command.ts'
import { main } from './main.ts'

main(process.argv.slice(2), engineOf(initCommand())).then((status) => process.exit(status))
