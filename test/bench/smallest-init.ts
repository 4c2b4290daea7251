// The smallest container that there is: the yardstick of warm.ts. It waits until it is
// told, and does what no container can do without. No config, no state, no cgroup, no
// devices, nothing hidden, root with everything at the end: what tocker's own init takes
// longer than this is the price of what is missing here.
//
//   smallest-init.ts <root filesystem>
//
// Called by warm.ts, as PID 1 of a new PID namespace; descriptor 3 brings the word.
import { readSync } from 'node:fs'
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWUTS,
  MNT_DETACH,
  MS_BIND,
  MS_PRIVATE,
  MS_REC,
} from '../../engine/syscalls/flags.ts'
import { mount, pivotRoot, umount2 } from '../../engine/syscalls/mount.ts'
import { sethostname, unshare } from '../../engine/syscalls/namespace.ts'
import { chdir } from '../../engine/syscalls/process.ts'

const [rootfs = ''] = process.argv.slice(2)
// Loads the FFI, and changes nothing.
chdir('/')
readSync(3, Buffer.alloc(1))
unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)
mount({ target: '/', flags: MS_REC | MS_PRIVATE })
mount({ source: rootfs, target: rootfs, flags: MS_BIND | MS_REC })
mount({ source: 'proc', target: `${rootfs}/proc`, type: 'proc' })
chdir(rootfs)
pivotRoot('.', '.')
umount2('.', MNT_DETACH)
chdir('/')
sethostname('smallest')
process.execve?.('/bin/true', ['/bin/true'], { PATH: '/bin' })
