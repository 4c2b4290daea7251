// What `rmi` and `prune` did, a line each: `Untagged: busybox:latest`, `Deleted: sha256:…`. Pure.
import type { ImageDeleteResponseItem } from '../../api/image.ts'

export function deletions(
  items: readonly ImageDeleteResponseItem[],
  untagged = 'Untagged',
  deleted = 'Deleted',
): string {
  return items
    .map((item) => ('Untagged' in item ? `${untagged}: ${item.Untagged}\n` : `${deleted}: ${item.Deleted}\n`))
    .join('')
}
