// Where people are reached who are not at a screen.

export interface PushSubscriptionTable {
  id: string
  /** The session it was made in: it ends with it. */
  session_hash: string
  user_id: string
  /** An address that lets whoever knows it send: never logged, never answered. */
  endpoint: string
  p256dh: string
  auth: string
  language: string
  created_at: number
}

export interface PushDeliveryTable {
  id: string
  user_id: string
  /** null: a trial that the person asked for. */
  alarm_id: string | null
  sent_at: number
  /** When the telephone said that it has come. */
  received_at: number | null
}

export interface PushTables {
  push_subscription: PushSubscriptionTable
  push_delivery: PushDeliveryTable
}
