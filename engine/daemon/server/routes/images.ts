// /images: the requests behind `docker images`, `pull`, `push`, `save`, `load` and kin.
//
// Docker's API has two verbs behind POST /images/create, parted by a parameter: fromImage
// pulls, fromSrc imports.
import { pipeline } from 'node:stream/promises'
import { EngineError } from '../../../errors.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { imageImport } from '../../jobs/image-import.ts'
import { imageLoad } from '../../jobs/image-load.ts'
import { imagePull } from '../../jobs/image-pull.ts'
import { imagePush } from '../../jobs/image-push.ts'
import {
  distributionInspect,
  imageHistoryJob,
  imageInspect,
  imageList,
  imageSearch,
} from '../../jobs/image-query.ts'
import { imagePrune, imageRemove } from '../../jobs/image-remove.ts'
import { type ImageSave, imageSave } from '../../jobs/image-save.ts'
import { imageTag } from '../../jobs/image-tag.ts'
import type { Exchange } from '../exchange.ts'
import { withVirtualSize } from '../older-clients.ts'
import { ProgressStream } from '../progress-stream.ts'
import { credentialsOf } from '../registry-auth.ts'
import type { Route } from '../router.ts'

export function imageRoutes(engine: Engine<Daemon>): Route[] {
  const image = (exchange: Exchange): { image: string } => ({ image: exchange.parameter('name') })
  const platform = ({ query }: Exchange, name = 'platform') => {
    const wanted = query.platform(name)
    return wanted === undefined ? {} : { platform: wanted }
  }
  const auth = ({ request }: Exchange) => {
    const credentials = credentialsOf(request.headers['x-registry-auth'])
    return credentials === undefined ? {} : { credentials }
  }

  return [
    {
      method: 'GET',
      path: '/images/json',
      handle: async (exchange) => {
        const { query } = exchange
        const images = await engine.run(imageList, {
          all: query.flag('all'),
          filters: query.filters(),
          sharedSize: query.flag('shared-size'),
        })
        exchange.json(
          200,
          images.map((one) => withVirtualSize(one, exchange.version)),
        )
      },
    },
    {
      method: 'GET',
      path: '/images/search',
      handle: async (exchange) => {
        const { query } = exchange
        const limit = query.number('limit')
        exchange.json(
          200,
          await engine.run(
            imageSearch,
            {
              term: query.text('term'),
              ...(limit ? { limit } : {}),
              ...searchFilters(exchange),
              ...auth(exchange),
            },
            exchange,
          ),
        )
      },
    },
    {
      method: 'POST',
      path: '/images/create',
      handle: (exchange) => {
        const progress = new ProgressStream(exchange)
        return progress.run(() =>
          exchange.query.text('fromImage') === ''
            ? importFrom(engine, exchange, progress)
            : engine.run(
                imagePull,
                { ...pullOf(exchange), ...auth(exchange), onProgress: progress.tell },
                exchange,
              ),
        )
      },
    },
    {
      method: 'POST',
      path: '/images/load',
      handle: (exchange) => {
        const progress = new ProgressStream(exchange)
        const onProgress = exchange.query.flag('quiet') ? () => {} : progress.tell
        const wanted = { archive: exchange.body, onProgress, ...platform(exchange) }
        return progress.run(async () => {
          const loaded = await engine.run(imageLoad, wanted, exchange)
          for (const { imageId, names } of loaded)
            for (const line of names.length === 0
              ? [`Loaded image ID: ${imageId}`]
              : names.map((name) => `Loaded image: ${name}`))
              progress.tell({ stream: `${line}\n` })
        })
      },
    },
    {
      method: 'POST',
      path: '/images/prune',
      handle: async (exchange) =>
        exchange.json(200, await engine.run(imagePrune, { filters: exchange.query.filters() })),
    },
    {
      method: 'GET',
      path: '/images/get',
      handle: (exchange) => {
        const names = exchange.query.list('names').flatMap((one) => one.split(','))
        return sendArchive(engine, exchange, { names, ...platform(exchange) })
      },
    },
    {
      method: 'GET',
      path: '/images/*name/get',
      handle: (exchange) =>
        sendArchive(engine, exchange, { names: [exchange.parameter('name')], ...platform(exchange) }),
    },
    {
      method: 'GET',
      path: '/images/*name/json',
      handle: async (exchange) =>
        exchange.json(
          200,
          withVirtualSize(
            await engine.run(imageInspect, { ...image(exchange), ...platform(exchange) }),
            exchange.version,
          ),
        ),
    },
    {
      method: 'GET',
      path: '/images/*name/history',
      handle: async (exchange) =>
        exchange.json(200, await engine.run(imageHistoryJob, { ...image(exchange), ...platform(exchange) })),
    },
    {
      method: 'POST',
      path: '/images/*name/push',
      handle: (exchange) => {
        const progress = new ProgressStream(exchange)
        const tag = exchange.query.text('tag')
        const name = tag === '' ? exchange.parameter('name') : `${exchange.parameter('name')}:${tag}`
        return progress.run(async () => {
          const pushed = await engine.run(
            imagePush,
            { image: name, ...platform(exchange), ...auth(exchange), onProgress: progress.tell },
            exchange,
          )
          for (const one of pushed)
            progress.tell({ progressDetail: {}, aux: { Tag: one.tag, Digest: one.digest, Size: one.size } })
        })
      },
    },
    {
      method: 'POST',
      path: '/images/*name/tag',
      handle: async (exchange) => {
        const { query } = exchange
        const tag = query.text('tag')
        const name = tag === '' ? query.text('repo') : `${query.text('repo')}:${tag}`
        await engine.run(imageTag, { ...image(exchange), name })
        exchange.empty(201)
      },
    },
    {
      method: 'GET',
      path: '/distribution/*name/json',
      handle: async (exchange) =>
        exchange.json(
          200,
          await engine.run(distributionInspect, { ...image(exchange), ...auth(exchange) }, exchange),
        ),
    },
    {
      method: 'DELETE',
      path: '/images/*name',
      handle: async (exchange) => {
        const { query } = exchange
        const flags = { force: query.flag('force'), noPrune: query.flag('noprune') }
        const wanted = { ...image(exchange), ...flags, ...platform(exchange, 'platforms') }
        exchange.json(200, await engine.run(imageRemove, wanted))
      },
    },
  ]
}

/** `fromImage=busybox&tag=latest`; the tag may be a digest. Without either, all tags are meant. */
function pullOf({ query }: Exchange): { image: string; allTags: boolean; platform?: string } {
  const name = query.text('fromImage')
  const tag = query.text('tag')
  const separator = tag.includes(':') ? '@' : ':'
  const platform = query.text('platform')
  const named = tag !== '' || name.includes('@') || /:[^/]+$/.test(name)
  return {
    image: tag === '' ? name : `${name}${separator}${tag}`,
    allTags: !named,
    ...(platform === '' ? {} : { platform }),
  }
}

async function importFrom(
  engine: Engine<Daemon>,
  exchange: Exchange,
  progress: ProgressStream,
): Promise<void> {
  const { query } = exchange
  if (query.text('fromSrc') !== '-')
    throw new EngineError(
      'not-implemented',
      "tocker fetches no archives from URLs: get it with curl, and pipe it into 'docker import -'",
    )
  const [repo, tag, platform] = [query.text('repo'), query.text('tag'), query.text('platform')]
  const id = await engine.run(
    imageImport,
    {
      archive: exchange.body,
      ...(repo === '' ? {} : { name: tag === '' ? repo : `${repo}:${tag}` }),
      changes: query.list('changes'),
      message: query.text('message'),
      ...(platform === '' ? {} : { platform }),
      onProgress: progress.tell,
    },
    exchange,
  )
  progress.tell({ status: id })
}

async function sendArchive(engine: Engine<Daemon>, exchange: Exchange, wanted: ImageSave): Promise<void> {
  const archive = await engine.run(imageSave, wanted)
  await pipeline(archive, exchange.stream(200, 'application/x-tar'))
}

function searchFilters({ query }: Exchange): { official?: boolean; automated?: boolean; stars?: number } {
  const filters = query.filters(['is-official', 'is-automated', 'stars'])
  const yes = (name: string): boolean | undefined =>
    filters[name]?.[0] === undefined ? undefined : filters[name][0] === 'true'
  const [official, automated, stars] = [
    yes('is-official'),
    yes('is-automated'),
    Number(filters.stars?.[0] ?? 0),
  ]
  if (Number.isNaN(stars)) throw new EngineError('invalid', "invalid filter 'stars': it is a number")
  return {
    ...(official === undefined ? {} : { official }),
    ...(automated === undefined ? {} : { automated }),
    stars,
  }
}
