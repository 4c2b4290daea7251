// The name of an image: what a person types, and what it means in full.
//
//   busybox                   docker.io/library/busybox          (and :latest, when one is needed)
//   me/tool:1.2               docker.io/me/tool:1.2
//   localhost:5000/tool       localhost:5000/tool
//   ghcr.example/a/b@sha256:… the content with that digest, whatever a tag says today
//
// Grammar and normalisation are Docker's (github.com/distribution/reference), so
// that a name means here what it means there. The one question that has no good
// answer is whether `a/b` is a host and a path, or a path. Docker's rule: a first
// part with a dot, a colon or an upper-case letter, or `localhost`, is a host.
//
// Pure. Called wherever a person or a manifest names an image.
// Next: engine/graph/manifest.ts
import { EngineError } from '../errors.ts'
import { whyNoDigest } from './digest.ts'

export interface Reference {
  /** `docker.io`, `localhost:5000`, `[::1]:5000`. */
  domain: string
  /** `library/busybox`. */
  path: string
  tag?: string
  /** With its algorithm. With a tag beside it, the digest decides and the tag is for people. */
  digest?: string
}

const defaultDomain = 'docker.io'
/** What the hub's API is called; old clients wrote it into names. */
const legacyDomain = 'index.docker.io'
const official = 'library/'
const defaultTag = 'latest'

/** Of the path. Above, no file system and no registry's URL would be sure to take it. */
const longestPath = 255

/** Of all of it, far above what a host, a path, a tag and a digest can have together: patterns get slow on megabytes. */
const longest = 1000

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domainPattern = new RegExp(
  `^(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
)
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/

/**
 * @param text as typed
 * @returns normalised; the tag stays absent when none was given
 * @throws EngineError `invalid` with the reason
 */
export function parseReference(text: string): Reference {
  if (text === '') throw refuse(text, 'the name is empty')
  if (text.length > longest) throw refuse(text, `a reference has ${longest} characters at most`)
  if (/^[0-9a-f]{64}$/.test(text))
    // It would be an image's id, and nobody could tell the two apart.
    throw new EngineError(
      'invalid',
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    )
  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : text.slice(at + 1)
  const named = at === -1 ? text : text.slice(0, at)
  const [domain, rest] = splitDomain(named)
  const colon = rest.indexOf(':')
  const path = colon === -1 ? rest : rest.slice(0, colon)
  const tag = colon === -1 ? undefined : rest.slice(colon + 1)

  checkDomain(text, domain)
  checkPath(text, path)
  if (tag !== undefined && !tagPattern.test(tag)) throw refuse(text, whyNoTag(tag))
  const badDigest = digest === undefined ? undefined : whyNoDigest(digest)
  if (badDigest !== undefined) throw refuse(text, badDigest)
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

// #region split-domain
function splitDomain(text: string): [domain: string, rest: string] {
  const slash = text.indexOf('/')
  if (slash === -1) return [defaultDomain, official + text]
  const first = text.slice(0, slash)
  const isHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase()
  const domain = isHost && first !== legacyDomain ? first : defaultDomain
  const rest = isHost ? text.slice(slash + 1) : text
  return [domain, domain === defaultDomain && !rest.includes('/') ? official + rest : rest]
}
// #endregion split-domain

function checkDomain(text: string, domain: string): void {
  if (!domainPattern.test(domain))
    throw refuse(text, `${quote(domain)} is no host name with an optional port`)
}

function checkPath(text: string, path: string): void {
  if (path !== path.toLowerCase())
    throw new EngineError(
      'invalid',
      `invalid reference format: repository name (${clip(path)}) must be lowercase`,
    )
  if (path.length > longestPath)
    throw refuse(text, `repository name must not be more than ${longestPath} characters`)
  for (const part of path.split('/')) {
    if (part === '') throw refuse(text, 'a part between two slashes is empty')
    if (!pathComponent.test(part))
      throw refuse(
        text,
        `${quote(part)} may have lower-case letters and digits, parted by one of . _ __ or by dashes`,
      )
  }
}

function whyNoTag(tag: string): string {
  if (tag === '') return 'the tag after the colon is empty'
  if (tag.length > 128) return 'a tag has 128 characters at most'
  return `${quote(tag)} is no tag: letters, digits and _ . - are, beginning with neither . nor -`
}

function refuse(text: string, reason: string): EngineError {
  return new EngineError('invalid', `invalid reference format: ${quote(text)}: ${reason}`)
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

function quote(text: string): string {
  return JSON.stringify(clip(text))
}

/** A name with neither tag nor digest means `:latest`. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: defaultTag }
    : reference
}

/** `docker.io/library/busybox` or `busybox`: the name without what is said about a version. */
export function repositoryName(reference: Reference, form: 'familiar' | 'canonical' = 'canonical'): string {
  const { domain, path } = reference
  if (form === 'canonical' || domain !== defaultDomain) return `${domain}/${path}`
  // `library/` goes only where it comes back: docker.io/library/a/b would become docker.io/a/b.
  const short = path.startsWith(official) ? path.slice(official.length) : path
  return short.includes('/') ? path : short
}

/** @param form `familiar`, as people write it, or `canonical`, with everything that was left out */
export function formatReference(reference: Reference, form: 'familiar' | 'canonical' = 'canonical'): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${repositoryName(reference, form)}${tag}${digest}`
}
