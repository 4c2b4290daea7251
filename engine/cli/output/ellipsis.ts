// Text cut to a length, with a sign that it was.

/** @param most characters, the `…` counted */
export function ellipsis(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}
