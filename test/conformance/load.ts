/** Finds the rules: one per file, and the file's name is the rule's. */
import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Rule } from './rule.ts'

/** A rule with the name that its file gives it, e.g. `serving/018-port`. */
export interface NamedRule extends Rule {
  readonly name: string
}

/** How many items the checklist has; each has at least one rule. */
export const ITEMS = 90

const FOLDERS = ['serving', 'eventing']
const FILE = /^(\d{3})-[a-z0-9-]+\.ts$/

/**
 * All rules, by item.
 * @throws TypeError when a file's name and its rule do not agree
 */
export async function loadRules(): Promise<NamedRule[]> {
  const names = FOLDERS.flatMap(folder =>
    readdirSync(fileURLToPath(new URL(`${folder}/`, import.meta.url))).map(
      file => `${folder}/${file}`,
    ),
  )
  const rules = await Promise.all(names.map(loadRule))
  return rules.sort((a, b) => a.item - b.item || (a.name < b.name ? -1 : 1))
}

async function loadRule(file: string): Promise<NamedRule> {
  const url = pathToFileURL(fileURLToPath(new URL(file, import.meta.url))).href
  const { rule } = (await import(/* @vite-ignore */ url)) as { rule: Rule }
  const item = Number(FILE.exec(file.split('/')[1] ?? '')?.[1])
  if (rule.item !== item) {
    throw new TypeError(`"item" of ${file} must be the number in its name, got ${rule.item}`)
  }
  return { ...rule, name: file.replace(/\.ts$/, '') }
}
