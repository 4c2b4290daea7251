// Names for containers that nobody named: an adjective and a person of computing, as in
// Docker. Easier to say, and to type, than twelve hexadecimal digits.
import { randomInt } from 'node:crypto'

const adjectives =
  'amber brave calm clever eager fair fond gentle glad happy jolly keen kind lively lucid merry mild nimble patient plucky proud quick quiet ready serene sharp shy smart steady sunny swift tidy warm wise witty zesty'.split(
    ' ',
  )
const people =
  'allen backus borg cerf clarke codd dijkstra engelbart floyd goldberg hamilton hamming hoare holberton hopper johnson karp kay kernighan knuth lamport liskov lovelace mcilroy naur perlman ritchie shannon sutherland thompson torvalds turing wilkes wing wirth zuse'.split(
    ' ',
  )

/** @param isTaken asked until a name is free */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const name = `${pick(adjectives)}_${pick(people)}${tries < 5 ? '' : randomInt(1000)}`
    if (!isTaken(name)) return name
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? ''
}

/** Docker's rule for a name that somebody gives. */
export function isContainerName(name: string): boolean {
  return /^[a-zA-Z0-9][\w.-]+$/.test(name)
}
