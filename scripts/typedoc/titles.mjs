// A guide is called what its first heading says, here as everywhere else; typedoc would call it by its file.
import { Converter } from 'typedoc'

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const text = document.content.map((part) => part.text).join('')
    document.name = /^# (.*)$/m.exec(text)?.[1] ?? document.name
  })
}
