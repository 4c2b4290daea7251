// Sparse files: content with holes, of which the archive holds only the pieces between.
//
// Four spellings of one list "here is a piece, so long":
//
//   old GNU   type S; four pairs in the header, 21 more in each block that follows
//   PAX 0.0   records GNU.sparse.offset and GNU.sparse.numbytes, by turns
//   PAX 0.1   one record GNU.sparse.map=offset,length,offset,length…
//   PAX 1.0   the list stands before the content, in decimal lines
//
// The list comes from outside: pieces that overlap, go backwards or add up to
// something else than what is stored are refused, before a byte is written.
// https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
import { type PaxRecord, paxNumber } from './pax.ts'
import { badArchive, type Fragment, show } from './tar-entry.ts'
import { blockSize, numberField } from './tar-header.ts'

/** A list longer than this is no file's: GNU tar writes a pair for each block that has anything. */
const mostFragments = 200_000

/** What PAX records say of a sparse file. */
export interface PaxSparse {
  /** Of the file with its holes. */
  size: number
  /** Where the pieces are; undefined when they stand before the content (1.0). */
  fragments: Fragment[] | undefined
}

/** @returns undefined when the records speak of no sparse file @throws EngineError `invalid` */
export function paxSparse(records: readonly PaxRecord[]): PaxSparse | undefined {
  const last = new Map(records)
  const number = (key: string): number | undefined => {
    const value = last.get(key)
    return value === undefined ? undefined : paxNumber(key, value)
  }
  const major = number('GNU.sparse.major') ?? 0
  const size = number('GNU.sparse.realsize') ?? number('GNU.sparse.size')
  const map = last.get('GNU.sparse.map')
  const pairs = records.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
  if (major === 0 && map === undefined && pairs.length === 0) {
    // A file that is one hole: no pieces at all.
    return size === undefined || number('GNU.sparse.numblocks') !== 0 ? undefined : { size, fragments: [] }
  }
  if (size === undefined) throw badArchive('a sparse file does not say how large it is')
  if (major > 1) throw badArchive(`it has a sparse file of format ${major}, and only 0 and 1 are known`)
  if (major === 1) return { size, fragments: undefined }
  const numbers =
    map === undefined
      ? pairs.map(([key, value]) => paxNumber(key, value))
      : map.length === 0
        ? []
        : map
            .toString('latin1')
            .split(',')
            .map((digits) => paxNumber('GNU.sparse.map', Buffer.from(digits)))
  return { size, fragments: inPairs(numbers) }
}

function inPairs(numbers: readonly number[]): Fragment[] {
  if (numbers.length % 2 !== 0) throw badArchive('the list of a sparse file ends in the middle of a pair')
  const fragments: Fragment[] = []
  for (let index = 0; index < numbers.length; index += 2)
    addFragment(fragments, numbers[index] ?? 0, numbers[index + 1] ?? 0)
  return fragments
}

function addFragment(fragments: Fragment[], offset: number, length: number): void {
  if (fragments.length === mostFragments)
    throw badArchive(`a sparse file of more than ${mostFragments} pieces`)
  fragments.push({ offset, length })
}

/** Old GNU: the pairs of a header (`count` 4) or of a block after it (21). @returns does another block follow? */
export function oldGnuFragments(block: Buffer, header: boolean, at: number, into: Fragment[]): boolean {
  const [start, count] = header ? [386, 4] : [0, 21]
  for (let index = 0; index < count; index++) {
    const field = start + index * 24
    // An unused pair is all NULs.
    if (block[field] === 0 && block[field + 12] === 0) break
    addFragment(into, numberField(block, field, 12, at), numberField(block, field + 12, 12, at))
  }
  return block[header ? 482 : 504] !== 0
}

export function oldGnuRealSize(block: Buffer, at: number): number {
  return numberField(block, 483, 12, at)
}

/**
 * PAX 1.0: the list before the content, `count\noffset\nlength\n…`, filled up to whole blocks.
 * @param nextBlock gives 512 bytes of content
 */
export async function readMap(nextBlock: () => Promise<Buffer>): Promise<Fragment[]> {
  let text = ''
  let at = 0
  const nextNumber = async (): Promise<number> => {
    let end = text.indexOf('\n', at)
    while (end < 0) {
      if (text.length - at > 20) throw badArchive('the list of a sparse file is no list of numbers')
      text = text.slice(at) + (await nextBlock()).toString('latin1')
      at = 0
      end = text.indexOf('\n')
    }
    const digits = text.slice(at, end)
    at = end + 1
    return paxNumber('GNU.sparse.map', Buffer.from(digits, 'latin1'))
  }
  const count = await nextNumber()
  const fragments: Fragment[] = []
  for (let index = 0; index < count; index++) addFragment(fragments, await nextNumber(), await nextNumber())
  return fragments
}

/**
 * In order, inside the file, and as many bytes as there are.
 * @param stored bytes in the archive
 * @throws EngineError `invalid`
 */
export function checkFragments(
  name: string,
  fragments: readonly Fragment[],
  size: number,
  stored: number,
): readonly Fragment[] {
  let end = 0
  let sum = 0
  for (const { offset, length } of fragments) {
    if (offset < end || offset < 0 || length < 0 || offset + length > size)
      throw badArchive(`the pieces of the sparse file ${show(name)} overlap, or lie outside of it`)
    end = offset + length
    sum += length
  }
  // Old GNU tar rounds what it stores up to whole blocks.
  if (sum > stored || stored - sum >= blockSize)
    throw badArchive(`the sparse file ${show(name)} has ${stored} bytes for pieces of ${sum}`)
  return fragments.filter(({ length }) => length > 0)
}
