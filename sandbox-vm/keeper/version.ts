// Which keeper may serve which program: same messages, same package, same image.
//
// A program that was upgraded while a kept VM runs would otherwise take its
// lessons to the old image. keeper/main.ts compares, keeper-client.ts sends.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { currentPlan } from '../image/build.ts'
import { packageRoot } from '../package-root.ts'

/** Changes with every change of the messages in protocol.ts. */
const protocol = 2

const manifestSchema = z.object({ version: z.string() })

export async function keeperVersion(): Promise<string> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')),
  )
  return `${manifest.version}, protocol ${protocol}, image ${(await currentPlan()).key}`
}
