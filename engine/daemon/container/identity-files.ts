// Three files that every container gets from its engine, and no image has right:
// /etc/hostname, /etc/hosts and /etc/resolv.conf. They are written when it starts, and
// bound over what the image has there.
//
// Called by launch.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Owners } from '../../archive/owners.ts'
import type { ContainerRecord } from './record.ts'

/** @param directory of the container, of the daemon's own. @returns what is bound where */
export function writeIdentityFiles(
  directory: string,
  record: Pick<ContainerRecord, 'id' | 'config' | 'hostConfig'>,
  network: NetworkFiles,
  owners?: Owners,
): { destination: string; source: string }[] {
  mkdirSync(directory, { recursive: true, mode: 0o710 })
  for (const path of [dirname(directory), directory]) owners?.letPass(path)
  const onHost = record.hostConfig.NetworkMode === 'host'
  const files = {
    hostname: `${hostnameOf(record)}\n`,
    hosts: onHost ? hostsOfHost(record, network) : hosts(record, network),
    'resolv.conf': network.resolvConf,
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text, { mode: 0o644 })
    owners?.give(join(directory, name))
  }
  return identityFiles(directory)
}

/** Those that are there: a container that joins another's network has that one's. */
export function identityFiles(directory: string): { destination: string; source: string }[] {
  return ['hostname', 'hosts', 'resolv.conf'].map((name) => ({
    destination: `/etc/${name}`,
    source: join(directory, name),
  }))
}

/** What it gets of its networks. */
export interface NetworkFiles {
  /** Its own addresses. */
  addresses: readonly string[]
  /** Of containers that it was linked to: `172.17.0.3\tdb 1a2b3c4d5e6f`. */
  links: readonly string[]
  /** What `host-gateway` means in --add-host. */
  hostGateway: string
  resolvConf: string
}

const localhost = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
]

type Named = Pick<ContainerRecord, 'id' | 'config'>

function hostnameOf({ id, config }: Named): string {
  return config.Hostname || id.slice(0, 12)
}

/** What its own addresses are called in its /etc/hosts. */
export function namesInHosts(record: Named): string {
  const hostname = hostnameOf(record)
  const { Domainname } = record.config
  return Domainname ? `${hostname}.${Domainname} ${hostname}` : hostname
}

function hosts(
  record: Named & Pick<ContainerRecord, 'hostConfig'>,
  { addresses, links, hostGateway }: NetworkFiles,
): string {
  const own = addresses.map((address) => `${address}\t${namesInHosts(record)}`)
  const extra = extraHosts(record.hostConfig.ExtraHosts ?? [], hostGateway)
  return `${[...localhost, ...extra, ...links, ...own].join('\n')}\n`
}

function hostsOfHost(
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
  { hostGateway }: NetworkFiles,
): string {
  const own = read('/etc/hosts')
  return `${[own.trimEnd(), ...extraHosts(hostConfig.ExtraHosts ?? [], hostGateway)].join('\n')}\n`
}

/** `name:address`, and since Docker 25 `name=address`. */
function extraHosts(given: readonly string[], hostGateway: string): string[] {
  return given.flatMap((text) => {
    const [, name, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
    return name === undefined || address === undefined
      ? []
      : [`${address === 'host-gateway' ? hostGateway : address.replace(/^\[(.*)\]$/, '$1')}\t${name}`]
  })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
