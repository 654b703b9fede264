// A month's electricity as a file: one row a meter, then one row with the room's sum.
import type { Meter, MeterSheet } from '../../../contract/http/meters.ts'
import { BYTE_ORDER_MARK, csvRow } from '../export/csv-row.ts'
import type { Cell } from '../export/csv-row.ts'
import { chinaTime } from './month.ts'

const HEAD = [
  '楼栋 Building',
  '楼层 Floor',
  '房间 Room',
  '设备 Device',
  '首次读数时间 First at (UTC+8)',
  '首次读数 First kWh',
  '末次读数时间 Last at (UTC+8)',
  '末次读数 Last kWh',
  '用电量 Used kWh',
  '表计归零次数 Restarts',
  '缺数日 Days without readings',
]

export function* meterTable({ rooms, kwh, month }: MeterSheet): Generator<string> {
  yield BYTE_ORDER_MARK
  yield csvRow(HEAD)
  for (const { room, meters, kwh: ofRoom } of rooms) {
    const place: Cell[] = [room.building, room.floor, room.name]
    for (const meter of meters) yield csvRow([...place, ...cellsOf(meter)])
    if (meters.length !== 1) yield csvRow([...place, '合计 Total', null, null, null, null, ofRoom, null, null])
  }
  yield csvRow([month, null, '合计 Total', null, null, null, null, null, kwh, null, null])
}

const cellsOf = ({ deviceId, first, last, kwh, restarts, missing }: Meter): Cell[] => [
  deviceId,
  first === null ? null : chinaTime(first.at),
  first?.kwh ?? null,
  last === null ? null : chinaTime(last.at),
  last?.kwh ?? null,
  kwh,
  restarts,
  missing.join(' '),
]
