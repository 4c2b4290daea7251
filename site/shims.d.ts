// What the bundler makes of files that TypeScript does not know.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}

declare module '*.css'

declare module '*?worker' {
  const WorkerConstructor: new () => Worker
  export default WorkerConstructor
}
