// What is wrong with a lesson, and where: `lesson.md:12: …`.

export class LessonError extends Error {
  constructor(path: string, line: number, message: string) {
    super(`${path}:${line}: ${message}`)
    this.name = 'LessonError'
  }
}
