// unshare(2), setns(2), sethostname(2): calls on the namespaces of this thread.
import { closeSync, openSync } from 'node:fs'
import { CLONE_NEWNET, cloneFlags, spell } from './flags.ts'
import { call, number, text } from './libc.ts'

/** unshare(2): new namespaces for this thread; for CLONE_NEWPID, for its children only. */
export function unshare(flags: number): void {
  call('unshare', 'int unshare(int)', [number(flags, spell(flags, cloneFlags))])
}

/** setns(2): into the namespace that an open /proc/PID/ns file stands for. */
export function setns(fd: number, type: number): void {
  call('setns', 'int setns(int, int)', [number(fd), number(type, spell(type, cloneFlags))])
}

/**
 * Does something in another network namespace: the sockets and children it makes belong there.
 * Synchronous on purpose: what is awaited would find the thread back home, or take the others along.
 * @param namespace a descriptor of its /proc/PID/ns/net
 */
export function withinNetwork<T>(namespace: number, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    setns(namespace, CLONE_NEWNET)
    try {
      return work()
    } finally {
      comeHome(home)
    }
  } finally {
    closeSync(home)
  }
}

function comeHome(home: number): void {
  try {
    setns(home, CLONE_NEWNET)
  } catch {
    // A daemon that went on here would listen, route and filter inside somebody's container.
    process.abort()
  }
}

/** sethostname(2). @param name 64 bytes at most */
export function sethostname(name: string): void {
  call('sethostname', 'int sethostname(const char*, size_t)', [text(name), number(Buffer.byteLength(name))])
}

/** setdomainname(2): the NIS name, which the uts namespace holds too. @param name 64 bytes at most */
export function setdomainname(name: string): void {
  call('setdomainname', 'int setdomainname(const char*, size_t)', [
    text(name),
    number(Buffer.byteLength(name)),
  ])
}
