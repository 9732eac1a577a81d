/** Amounts of memory as people read them. */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1 byte`, `96 bytes`, `4 KiB`, `12.4 TiB`: at most four characters of number. */
export function formatBytes(size: bigint | number): string {
  let amount = Number(size);
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = amount >= 100 || unit === 0 ? 0 : 1;
  const text = amount.toFixed(digits).replace(/\.0$/, '');
  return unit === 0 && text === '1' ? '1 byte' : `${text} ${UNITS[unit]}`;
}

/** How much of `size` is present, without ever rounding a hole away or a byte into being. */
export function formatPercent(present: bigint, size: bigint): string {
  if (present === size) return '100%';
  if (present === 0n) return '0%';
  const percent = Number((present * 1000n) / size) / 10;
  if (percent < 1) return '<1%';
  return percent > 99 ? '>99%' : `${Math.round(percent)}%`;
}
