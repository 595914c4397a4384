// Says which public members explain themselves, so that the check for missing documentation can be strict on all others:
// - what stands inside a type literal that is written in place is explained by the member that holds it
// - the `type: 'publish'` of a frame says what its frame says
import { Converter, LiteralType, ReflectionKind } from 'typedoc'

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    const names = project
      .getReflectionsByKind(ReflectionKind.Property | ReflectionKind.Method)
      .filter((reflection) => !isCommented(reflection) && project.getSymbolIdFromReflection(reflection))
      .filter((reflection) => isInline(reflection) || isDiscriminant(reflection))
      .filter((reflection) => !isWithin(reflection, ReflectionKind.Parameter))
      .map((reflection) => reflection.getFriendlyFullName())
    app.options.setValue('intentionallyNotDocumented', [...new Set(names)])
  })
}

function isCommented(reflection) {
  return reflection.hasComment() || (reflection.signatures ?? []).some((signature) => signature.hasComment())
}

function isInline(reflection) {
  const literal = reflection.parent
  // The literal of `type Name = { … }` is the declaration itself; its members are as public as those of an interface.
  return literal?.kindOf(ReflectionKind.TypeLiteral) && !isDeclaration(literal)
}

function isDeclaration(literal) {
  return literal.parent?.kindOf(ReflectionKind.TypeAlias) && literal.parent.type?.declaration === literal
}

function isDiscriminant(reflection) {
  return reflection.name === 'type' && reflection.type instanceof LiteralType
}

function isWithin(reflection, kind) {
  for (let at = reflection.parent; at; at = at.parent) if (at.kindOf(kind)) return true
  return false
}
