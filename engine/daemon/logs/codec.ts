// How records become bytes of a file and come back: one codec for each format. What
// all formats share, files that rotate and readers that follow, is in rotate.ts and read.ts.
import type { Bytes } from './bytes.ts'
import type { LogRecord } from './driver.ts'

export interface LogCodec {
  /** Adds one record, as it stands in the file. */
  encode(record: LogRecord, to: Bytes): void

  /**
   * For one file, from its beginning or from where tail() said: takes what was read, and
   * returns the records that are complete. What is no record, it passes over.
   */
  decoder(): (chunk: Buffer) => LogRecord[]

  /** Where in a file of this size the last `count` records begin. */
  tail(file: RandomRead, size: number, count: number): { offset: number; found: number }

  /** How much of a file is whole records: less than `size` when its writer was killed in the middle of one. */
  whole(file: RandomRead, size: number): number
}

/** Fills the buffer from this place in the file on. @returns how many bytes there were */
export type RandomRead = (buffer: Buffer, position: number) => number
