/** Reads which attribute a statement gives which value, for attributes that hold one value at a time. */
import { normalise } from './words.ts'

/** "My favourite colour is green" gives `my favourite colour` the value `green`. */
export interface Slot {
  attribute: string
  value: string
  /** "no longer green": it takes `green` away and says nothing against another value. */
  negated: boolean
}

/** Things of which one has one; "my dog is brown" says nothing against "my dog is old". */
const SINGLE =
  /\b(?:favou?rite|preferred|default|primary|main)\b|\b(?:name|surname|nickname|email|e-mail|phone|number|address|city|town|hometown|country|nationality|birthday|birthdate|age|job|role|title|employer|company|boss|manager|team|department|timezone|time zone|language|username|handle|deadline|budget|salary|height|weight|limit|quota|version|port|region|status|schedule|diet|wife|husband|partner|fiancée?|project)s?$/u
/** Those of whom one usually has one, so that their name identifies a single fact. */
const SINGLE_NAMED =
  /^(?:wife|husband|partner|mother|father|mum|mom|dad|boss|manager|company|employer|project|team|cluster|startup)$/u
const DATED =
  /\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december)\b/iu
const NOW = '(?:(?:now|currently|still|actually|really) )*'
const LIKES = 'like|love|enjoy|adore|prefer'
const DISLIKES = 'hate|dislike|detest|cannot stand'

type Read = (match: RegExpExecArray) => Slot | undefined

const RULES: readonly (readonly [RegExp, Read])[] = [
  [
    /^(?:my name is|you can call me|call me|i am called) (.+)$/iu,
    ([, value]) => slot('my name', value),
  ],
  [
    new RegExp(`^i ${NOW}(?:live|reside|am living|am based) ${NOW}in (.+)$`, 'iu'),
    ([, value]) => slot('where i live', value),
  ],
  [
    /^i (?:no longer|do not) (?:live|reside) in (.+)$/iu,
    ([, value]) => slot('where i live', value, true),
  ],
  [
    /^i (?:have |just |recently )*(?:moved|relocated) (?:from .+? )?to (.+)$/iu,
    ([, value]) => slot('where i live', value),
  ],
  [
    new RegExp(`^i ${NOW}(?:work|am working) ${NOW}(?:at|for) (.+)$`, 'iu'),
    ([, value]) => slot('where i work', value),
  ],
  [/^i (?:have |just |recently )*joined (.+)$/iu, ([, value]) => slot('where i work', value)],
  [
    new RegExp(`^i ${NOW}(?:work|am working) ${NOW}as (?:an? |the )?(.+)$`, 'iu'),
    ([, value]) => slot('what i work as', value),
  ],
  [/^i am (?:now )?(\d{1,3})(?: years old)?$/iu, ([, value]) => slot('my age', value)],
  [/^i was born on (.+)$/iu, ([, value]) => slot('when i was born', value)],
  [
    new RegExp(
      `^i (do not |no longer |never )?(?:really |also |still |absolutely )*(${LIKES}|${DISLIKES}) (.+)$`,
      'iu',
    ),
    ([, negation, verb = '', object = '']) => taste(negation, verb, object),
  ],
  [
    /^i am (not |no longer )?allergic to (.+)$/iu,
    ([, negation, object = '']) => slot(`allergy to ${clean(object)}`, negation ? 'no' : 'yes'),
  ],
  [
    /^(my|our) (.+?) (?:is|are) (?:called|named) (.+)$/iu,
    ([, whose, thing = '', value]) =>
      SINGLE_NAMED.test(attributeOf(thing)) ? slot(`${whose} ${thing}'s name`, value) : undefined,
  ],
  [
    /^(my|our|the) (.+?) (?:(?:is|are|was|were) (?:changed|moved|set) to|(?:has |have )?(?:changed|moved) to) (.+)$/iu,
    ([, whose, thing = '', value]) =>
      isSingle(thing, value) ? slot(`${whose} ${thing}`, value) : undefined,
  ],
  [
    /^(my|our|the) (.+?) (?:is|are) (no longer |not )?(.+)$/iu,
    ([, whose, thing = '', negation, value]) =>
      isSingle(thing, value) ? slot(`${whose} ${thing}`, value, Boolean(negation)) : undefined,
  ],
  [
    /^we (?:now |currently )?use (.+) for (.+)$/iu,
    ([, value, purpose = '']) => slot(`what we use for ${clean(purpose)}`, value),
  ],
]

/** Takes a statement in its plain spelling (`plainOf`). */
export function slotOf(plain: string): Slot | undefined {
  for (const [pattern, read] of RULES) {
    const match = pattern.exec(plain)
    if (match) return read(match)
  }
  return undefined
}

function slot(attribute: string, value: string | undefined, negated = false): Slot | undefined {
  const found = clean(value ?? '')
  if (found === '') return undefined
  return { attribute: attributeOf(attribute), value: found, negated }
}

function taste(negation: string | undefined, verb: string, object: string): Slot | undefined {
  const thing = clean(object)
  // "I like A more than B" compares; it gives neither of them a value.
  if (thing === '' || /\b(?:than|over)\b/u.test(thing)) return undefined
  const positive = new RegExp(`^(?:${LIKES})$`, 'iu').test(verb)
  return {
    attribute: `taste for ${thing}`,
    value: positive === !negation ? 'yes' : 'no',
    negated: false,
  }
}

/** "the deadline is 3 May" is of one value, "the weather is nice" says little. */
const isSingle = (thing: string, value: string | undefined): boolean =>
  thing.split(' ').length <= 8 &&
  (SINGLE.test(attributeOf(thing)) ||
    (/^(?!.*\bthat\b)/u.test(thing) && DATED.test(value ?? '') && thing.split(' ').length <= 4))

/** "current" and "new" name no other thing, and a plural is the same attribute. */
function attributeOf(phrase: string): string {
  return normalise(phrase)
    .replace(/\b(?:current|new|actual|own) /gu, '')
    .replace(/(?<=[^s])s$/u, '')
}

/** What belongs to the value itself: "green now, not blue" is green. */
function clean(value: string): string {
  return normalise(
    value
      .replace(/^(?:now|currently|actually|still|really|definitely) /iu, '')
      .replace(/,? (?:not|instead of|rather than|anymore|any more|any longer|as of)\b.*$/iu, '')
      .replace(/,? (?:now|currently|these days|too|as well|actually|since .*)$/iu, ''),
  )
}
