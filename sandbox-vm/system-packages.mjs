// The programs that do not come from npm: which package of Debian and its kin
// brings each, what it is for, and which of them this machine lacks.
//
// Looked for as programs, not as packages: whoever built QEMU from source has it.
// Called by setup.mjs, on any Node from 20 on, before there are npm packages.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What to look for (any one of several names; a path stands for itself), the package, and what for.
 * @typedef {readonly [programs: readonly string[], debian: string, why: string]} Wanted
 */

/**
 * @param {'start' | 'test'} purpose
 * @param {{ PATH?: string | undefined }} [env]
 * @returns {{ packages: string[], why: string, path: string[] }} names for apt-get, the reasons in one line, and where was looked
 */
export function missingPackages(purpose, env = process.env) {
  // A user's PATH lacks the directories of mke2fs and chroot on Debian.
  const path = [...`${env.PATH}`.split(':').filter(Boolean), '/usr/sbin', '/sbin']
  const there = (/** @type {string} */ program) =>
    program.startsWith('/') ? existsSync(program) : path.some((one) => existsSync(join(one, program)))
  const missing = wanted(purpose, distribution(), process.getuid?.() === 0).filter(
    ([programs]) => !programs.some(there),
  )
  return {
    packages: [...new Set(missing.map(([, debian]) => debian))],
    why: [...new Set(missing.map(([, , why]) => why))].join(', '),
    path,
  }
}

/**
 * @param {'start' | 'test'} purpose
 * @param {string} distribution ID of os-release(5)
 * @param {boolean} asRoot
 * @returns {Wanted[]}
 */
export function wanted(purpose, distribution, asRoot) {
  const [machine, qemu] = process.arch === 'arm64' ? ['aarch64', 'arm'] : ['x86_64', 'x86']
  /** @type {Wanted[]} */
  const list = [
    [[`qemu-system-${machine}`], `qemu-system-${qemu}`, 'the VM'],
    [['qemu-img'], 'qemu-utils', 'its disk'],
    [['ssh-keygen'], 'openssh-client', 'its keys'],
    [['mmdebstrap'], 'mmdebstrap', 'its image'],
    [['mke2fs'], 'e2fsprogs', 'its image'],
    [['cpio'], 'cpio', 'its image'],
    // What Debian's packages are signed with. Debian has it; with it alone elsewhere,
    // mmdebstrap asks gpg whether apt trusts that key already, and gives up without gpg.
    [['/usr/share/keyrings/debian-archive-keyring.gpg'], 'debian-archive-keyring', 'its image'],
  ]
  if (distribution !== 'debian') list.push([['gpg'], 'gpg', 'its image'])
  // The tests build it without root, too.
  if (!asRoot || purpose === 'test') list.push([['newuidmap'], 'uidmap', 'building the image without root'])
  if (purpose === 'test') {
    // Ubuntu's own package of that name brings the snap.
    const chromium = distribution === 'ubuntu' ? 'chromium-browser' : 'chromium'
    list.push(
      [['chromium', 'chromium-browser', 'google-chrome'], chromium, 'the tests of the site'],
      [['busybox'], 'busybox-static', 'the tests of the engine'],
      [['ip'], 'iproute2', 'the tests of the engine'],
      // Rules of networks, and what tries them: nobody here wrote either end.
      [['nft'], 'nftables', 'the networks of the engine'],
      [['curl'], 'curl', 'the tests of networks'],
      [['ping'], 'iputils-ping', 'the tests of networks'],
      [['iperf3'], 'iperf3', 'the tests of networks'],
      [['ab'], 'apache2-utils', 'the tests of networks'],
      [['nginx'], 'nginx-light', 'the tests of networks'],
      [['dig'], 'bind9-dnsutils', 'the tests of the name server'],
      [['ps'], 'procps', 'the tests'],
      // Real managers on our runtime, and the runtimes that it is compared with. podman
      // brings conmon; tini is what `--init` puts in front of a container's program.
      [['dockerd'], 'docker.io', 'the tests of the runtime under dockerd'],
      [['podman'], 'podman', 'the tests of the runtime under podman'],
      [['runc'], 'runc', 'the tests that compare runtimes'],
      [['crun'], 'crun', 'the tests that compare runtimes'],
      // Its bridge, lxcbr0, is a service of its own, and no container of ours is on it.
      [['lxc-start'], 'lxc', 'the tests of containers by LXC'],
      [['tini-static', 'docker-init'], 'tini', 'the tests of the runtime with --init'],
      // Images go round through these, and come back the same; docker-registry keeps them.
      [['skopeo'], 'skopeo', 'the tests of images'],
      [['buildah'], 'buildah', 'the tests of images'],
      [['docker-registry'], 'docker-registry', 'the tests of pull and push'],
      [['zstd'], 'zstd', 'the tests of archives'],
      [['setcap'], 'libcap2-bin', 'the tests of archives'],
      [['setfattr'], 'attr', 'the tests of archives'],
      [['mkfs.btrfs'], 'btrfs-progs', 'the tests of the btrfs driver'],
      [['fuse-overlayfs'], 'fuse-overlayfs', 'the tests of the fuse-overlayfs driver'],
      [['script'], 'bsdutils', 'the tests that need a terminal'],
      [['python3'], 'python3', 'the tests that receive a terminal over a socket'],
    )
  }
  return list
}

/** `debian`, `ubuntu`, …; empty where nothing says. */
function distribution() {
  try {
    return /^ID="?([a-z]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}
