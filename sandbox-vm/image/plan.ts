// What goes into the sandbox's image, as a value: no effects here.
//
// The plan's key names the image in the cache. Whatever changes the image is
// part of the key: packages, scripts, Node's version, disk size. Two builds of
// one plan by one user on the same day give the same bytes; on different days
// Debian's mirror may hold newer package versions (assemble.sh writes them to
// packages.txt), and a build by root was seen to differ from one without.
//
// Next: sandbox-vm/image/build.ts
import { createHash } from 'node:crypto'

/** Debian 12: its 6.1 kernel boots every time under emulation; 6.12 did not (double faults in early boot). */
const suite = 'bookworm'

const always = [
  'attr',
  'btrfs-progs',
  'busybox-static',
  'curl',
  'dmsetup',
  'fuse-overlayfs',
  'iproute2',
  'iputils-ping',
  'jq',
  'kmod',
  'less',
  'libatomic1',
  'libcap2-bin',
  'lxc',
  'netcat-openbsd',
  'nftables',
  'openssh-server',
  'procps',
  'psmisc',
  'strace',
  'stress-ng',
  'thin-provisioning-tools',
  'tree',
  'uidmap',
  'vim-tiny',
  'nano',
]

const kernels: Record<string, string> = { x64: 'linux-image-cloud-amd64', arm64: 'linux-image-cloud-arm64' }
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }

/** No manuals and translations: a third of the size. No fsync per file: half of the time. */
const dpkgOptions = [
  ...['doc', 'man', 'locale', 'info', 'lintian'].map((d) => `path-exclude=/usr/share/${d}/*`),
  'force-unsafe-io',
]

export interface ImagePlan {
  suite: string
  /** Debian's name: `amd64`. */
  architecture: string
  packages: string[]
  dpkgOptions: string[]
  /** Size of the disk that the guest sees, in MiB. The file is sparse. */
  diskMegabytes: number
  /** File system UUID, and the seed of its directory hashes: derived, so that builds repeat. */
  uuid: string
  /** Seconds; stands in files where a build would write its own time. */
  sourceDateEpoch: number
  /** 16 hex digits. */
  key: string
}

/**
 * @param files content of every script and guest file, in a fixed order
 * @param nodeVersion version of the Node binary that is put into the guest
 * @throws RangeError for a CPU architecture that Debian's cloud kernel does not serve
 */
export function imagePlan(arch: string, nodeVersion: string, files: readonly string[]): ImagePlan {
  const kernel = kernels[arch]
  const architecture = architectures[arch]
  if (kernel === undefined || architecture === undefined) {
    throw new RangeError(`no sandbox image for the CPU architecture ${arch}: x64 and arm64 are served`)
  }
  const packages = [...always, kernel].sort()
  const diskMegabytes = 4096
  const digest = createHash('sha256')
    .update(
      JSON.stringify([suite, architecture, packages, dpkgOptions, diskMegabytes, nodeVersion, ...files]),
    )
    .digest('hex')
  const uuid = digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-4$3-8$4-$5')
  return {
    suite,
    architecture,
    packages,
    dpkgOptions,
    diskMegabytes,
    uuid,
    sourceDateEpoch: 1_735_689_600,
    key: digest.slice(0, 16),
  }
}
