// The table of `tocker images`. Pure.
import type { ImageSummary } from '../../api/image.ts'
import { goTime, timeAgo } from '../../duration.ts'
import type { Listing, Row } from './rows.ts'
import { humanSize } from './size.ts'

const none = '<none>'

/** @param digests a column more, as `--digests` asks for */
export function imageListing(digests: boolean): Listing {
  const digest = digests ? String.raw`\t{{.Digest}}` : ''
  return {
    headers: {
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      Tag: 'TAG',
      Digest: 'DIGEST',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      Size: 'SIZE',
      Containers: 'CONTAINERS',
      SharedSize: 'SHARED SIZE',
      UniqueSize: 'UNIQUE SIZE',
      VirtualSize: 'SIZE',
    },
    table: String.raw`{{.Repository}}\t{{.Tag}}${digest}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
    quiet: 'ID',
  }
}

export interface ImageListOptions {
  noTrunc: boolean
  /** A row for each digest of a name, where otherwise there is one for the name. */
  digests: boolean
  now?: Date
}

/** A row for each name of each image; an image without one is `<none>`. */
export function imageRows(images: readonly ImageSummary[], options: ImageListOptions): Row[] {
  return images.flatMap((image) => {
    const row = imageRow(image, options)
    return names(image, options.digests).map(({ repository, tag, digest }) => ({
      ...row,
      Repository: repository,
      Tag: tag,
      Digest: digest,
    }))
  })
}

function imageRow(image: ImageSummary, { noTrunc, now }: ImageListOptions): Row {
  const created = new Date(image.Created * 1000)
  const counted = image.SharedSize >= 0
  return {
    ID: noTrunc ? image.Id : shortId(image.Id),
    CreatedSince: timeAgo(created, now),
    CreatedAt: goTime(created),
    Size: humanSize(image.Size, 3),
    // Its name before there were shared layers; templates of that time still ask for it.
    VirtualSize: humanSize(image.Size),
    Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
    SharedSize: counted ? humanSize(image.SharedSize, 3) : 'N/A',
    UniqueSize: counted ? humanSize(image.Size - image.SharedSize, 3) : 'N/A',
  }
}

function names({ RepoTags, RepoDigests }: ImageSummary, wantsDigests: boolean) {
  // Go's empty list is null, and dockerd's before 25 was that.
  const tags = (RepoTags ?? []).map((name) => split(name, ':'))
  const digests = (RepoDigests ?? []).map((name) => split(name, '@'))
  const rows = tags.flatMap(({ repository, rest: tag }) => {
    const own = digests.filter((one) => one.repository === repository).map(({ rest }) => rest)
    const shown = wantsDigests && own.length > 0 ? own : [none]
    return shown.map((digest) => ({ repository, tag, digest }))
  })
  // Pulled by digest, or its tag is another image's by now.
  const untagged = digests.filter(({ repository }) => !tags.some((one) => one.repository === repository))
  for (const { repository, rest } of wantsDigests ? untagged : distinct(untagged))
    rows.push({ repository, tag: none, digest: wantsDigests ? rest : '' })
  return rows.length > 0 ? rows : [{ repository: none, tag: none, digest: none }]
}

function distinct<T extends { repository: string }>(names: readonly T[]): T[] {
  return [...new Map(names.map((name) => [name.repository, name])).values()]
}

/** At the last separator: `localhost:5000/app:1` has two. */
function split(name: string, separator: string): { repository: string; rest: string } {
  const at = name.lastIndexOf(separator)
  return { repository: name.slice(0, at), rest: name.slice(at + 1) }
}

/** `sha256:b1f2…` -> its first twelve hexadecimal digits. */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12)
}
