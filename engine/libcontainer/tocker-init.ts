// The program that becomes a container: what create.ts and exec.ts start. A bundle
// of its own, since every container waits for it to load.
//
//   tocker-init <descriptor of the socket> [<descriptor of the second socket> [rehearse]]
//
// Next: engine/libcontainer/init.ts
import { runInit } from './init.ts'

const [channel, passing, rehearse] = process.argv.slice(2)
runInit(Number(channel), {
  ...(passing === undefined ? {} : { passing: Number(passing) }),
  rehearse: rehearse !== undefined,
})
