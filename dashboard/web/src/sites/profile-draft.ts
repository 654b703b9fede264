// A site's profile as a form holds it, every field a text, and the way back. Pure.
import type { Site } from '../../../../contract/http/sites.ts'
import { createSiteSchema } from '../../../../contract/http/sites.ts'
import type { Facility } from '../../../../contract/site-profile.ts'
import type * as z from 'zod'

export interface ProfileDraft {
  category: string
  risk: string
  regime: string
  since: string
  until: string
  basis: string
  responsibleName: string
  responsiblePhone: string
  lat: string
  lon: string
  insurer: string
  policy: string
  insuredUntil: string
  facilities: Facility[]
}

export const draftOf = (site: Site | null): ProfileDraft => ({
  category: site?.category ?? '',
  risk: site?.risk ? String(site.risk) : '',
  regime: site?.regime.name ?? 'normal',
  since: site?.regime.since ?? '',
  until: site?.regime.until ?? '',
  basis: site?.regime.basis ?? '',
  responsibleName: site?.responsible?.name ?? '',
  responsiblePhone: site?.responsible?.phone ?? '',
  lat: site?.coordinates ? String(site.coordinates.lat) : '',
  lon: site?.coordinates ? String(site.coordinates.lon) : '',
  insurer: site?.insurance?.insurer ?? '',
  policy: site?.insurance?.policy ?? '',
  insuredUntil: site?.insurance?.until ?? '',
  facilities: [...(site?.facilities ?? [])],
})

/** What the form says, not yet checked against the contract. */
export function profileOf(draft: ProfileDraft): Partial<z.input<typeof createSiteSchema>> {
  const none = (text: string) => (text.trim() === '' ? null : text.trim())
  const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text))
  const ordered = draft.regime !== 'normal'
  return {
    category: none(draft.category) as Site['category'],
    risk: draft.risk === '' ? null : (Number(draft.risk) as Site['risk']),
    regime: {
      name: draft.regime as Site['regime']['name'],
      since: ordered ? none(draft.since) : null,
      until: ordered ? none(draft.until) : null,
      basis: ordered ? draft.basis : '',
    },
    responsible:
      none(draft.responsibleName + draft.responsiblePhone) === null
        ? null
        : { name: draft.responsibleName, phone: draft.responsiblePhone },
    coordinates: none(draft.lat + draft.lon) === null ? null : { lat: number(draft.lat), lon: number(draft.lon) },
    insurance:
      none(draft.insurer + draft.policy + draft.insuredUntil) === null
        ? null
        : { insurer: draft.insurer, policy: draft.policy, until: none(draft.insuredUntil) },
    facilities: draft.facilities,
  }
}
