// The registry that `login` and `logout` are about: its name, however it was typed.
import { hub } from '../../distribution/registry.ts'

/** `https://registry.example/v2/` is registry.example; nothing is Docker Hub. */
export function registryDomain(server: string | undefined): string {
  const host = (server ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return ['', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? hub : host
}

/** As people see it. */
export function shownRegistry(domain: string): string {
  return domain === hub ? 'https://index.docker.io/v1/' : domain
}
