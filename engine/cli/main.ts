// `tocker`: the command line.
//
// Next: engine/cli/program.ts
import { standardStreams } from './output/streams.ts'
import { main } from './program.ts'

process.exitCode = await main(process.argv.slice(2), standardStreams)
