// The county as the table an installer would import: one row a device.
import type { Contact } from '../../contract/http/places.ts'
import type { CountyDevice, CountySite } from './inventory.ts'

const FIELDS = ['id', 'kind', 'name', 'area', 'site', 'contact_name', 'contact_phone'] as const

/** RFC 4180. Each row of a site carries one of the site's contacts, while there are any. */
export function importTable(devices: readonly CountyDevice[]): string {
  const rows = devices.map((device) => ({ device, attributes: device.build([]).attributes }))
  const attributeNames = [...new Set(rows.flatMap(({ attributes }) => Object.keys(attributes)))]
  const waiting = new Map<CountySite, Contact[]>()
  const lines = rows.map(({ device: { id, kind, name, site }, attributes }) => {
    const contacts = waiting.getOrInsertComputed(site, () => [...site.contacts])
    const contact = contacts.shift()
    const fields = [id, kind, name, site.area, site.name, contact?.name ?? '', contact?.phone ?? '']
    return [...fields, ...attributeNames.map((attribute) => String(attributes[attribute] ?? ''))].map(quoted).join(',')
  })
  return [[...FIELDS, ...attributeNames].join(','), ...lines].join('\n') + '\n'
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
