// The command line that becomes init: our own Node, and the bundle tocker-init,
// which stands beside the one that runs now.
//
// node-flags.json has what makes Node start sooner. The launcher gives the same to
// tocker-runtime, and the build to the compiler, since V8 takes back compiled code
// only under the flags that it was made with.
//
//   --no-rehash-snapshot       Node's own objects come from a snapshot, with hashes made by a fixed seed.
//                              Rehashing them by a secret one takes 3 ms, and keeps strangers from
//                              choosing keys that collide; here nobody but the config's author chooses any.
//   --v8-pool-size=1           One thread that helps V8, not four: there is nothing to help with.
//   --min-semi-space-size=16   Room for what a start allocates (MB), so that it is never collected: 1.4 ms
//                              each time, and three times.
//   --no-opt --no-maglev       No compiler that makes good code of what runs often: nothing does, and it would
//                              work at that beside us, on the CPU that the container starts on.
//   --disable-sigusr1          No thread that waits for a debugger. execve(2) has to end each thread.
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import flags from './node-flags.json' with { type: 'json' }

/** @param beside where the bundles are; left out, the directory of the one that runs */
export function initCommand(
  beside: string = dirname(realpathSync(process.argv[1] ?? '')),
): [string, ...string[]] {
  return [process.execPath, ...flags, join(beside, 'tocker-init.cjs')]
}
