// The one place where ticks and bytes become words, as the text report writes them
// (crates/leakscope-report/src/units.rs): exact sizes with thousands separators, durations and rates
// with three significant digits, moments with as many decimals as tell those of their trace apart.

const SECOND = 1_000_000_000_000n; // in picoseconds: fine enough for any clock of 32 bits
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** The clock of a trace: what its ticks are in time. */
export class Clock {
  /**
   * @param {number | null} hz ticks in a second; null or 0 if unknown
   * @param {number} length of the trace, in ticks
   */
  constructor(hz, length) {
    this.hz = hz ?? 0;
    const time = this.picoseconds(length) ?? 0n;
    this.decimals = 3;
    if (time > 0n && time < SECOND / 10n) {
      while (this.decimals < 9 && time < SECOND / 10n ** BigInt(this.decimals - 2)) this.decimals += 1;
    }
  }

  /**
   * In seconds; null if the clock's rate is unknown.
   * @param {number} ticks
   */
  seconds(ticks) {
    return this.hz > 0 ? ticks / this.hz : null;
  }

  /** @param {number} ticks */
  picoseconds(ticks) {
    return this.hz > 0 ? (BigInt(Math.round(ticks)) * SECOND) / BigInt(this.hz) : null;
  }

  /**
   * A length of time: "9.04 ms", "2 h 14 min"; "9,038 ticks" if the clock's rate is unknown.
   * @param {number} ticks
   */
  duration(ticks) {
    const time = this.picoseconds(Math.abs(ticks));
    const sign = ticks < 0 ? '-' : '';
    if (time === null) return sign + counted(Math.abs(Math.round(ticks)), 'tick');
    return time === 0n ? '0 s' : sign + durationOf(time);
  }

  /**
   * Writes the durations of a column in one unit, that of the longest: "0.004 ms" below "12.345 ms".
   * @param {number[]} column in ticks
   * @returns {(ticks: number) => string}
   */
  column(column) {
    const longest = this.seconds(column.reduce((most, ticks) => Math.max(most, ticks), 0));
    if (longest === null) return (ticks) => this.duration(ticks);
    const [unit, name] = longest >= 1 ? [1, 's'] : longest >= 1e-3 ? [1e-3, 'ms'] : [1e-6, 'µs'];
    return (ticks) => `${((this.seconds(ticks) ?? 0) / unit).toFixed(3)} ${name}`;
  }

  /**
   * A moment, as the time since the trace began: "0.002 s", "2 h 14 min 5 s", "tick 2,417".
   * @param {number} ticks
   */
  moment(ticks) {
    const time = this.picoseconds(ticks);
    if (time === null) return `tick ${count(Math.round(ticks))}`;
    const seconds = roundTo(time, SECOND / 10n ** BigInt(this.decimals));
    if (seconds < MINUTE) return `${decimal(seconds, SECOND, this.decimals)} s`;
    const tenths = roundTo(time, SECOND / 10n);
    if (tenths < HOUR) return `${tenths / MINUTE} min ${decimal(tenths % MINUTE, SECOND, 1)} s`;
    const whole = roundTo(time, SECOND);
    const rest = `${(whole % DAY) / HOUR} h ${(whole % HOUR) / MINUTE} min ${(whole % MINUTE) / SECOND} s`;
    return whole < DAY ? rest : `${whole / DAY} d ${rest}`;
  }

  /**
   * A moment in seconds with all the clock's decimals, for lists; ticks if its rate is unknown.
   * @param {number} ticks
   */
  stamp(ticks) {
    const time = this.picoseconds(Math.abs(ticks));
    const sign = ticks < 0 ? '-' : '';
    if (time === null) return sign + Math.abs(ticks);
    let decimals = 3;
    while (decimals < 9 && 10 ** decimals < this.hz) decimals += 1;
    return sign + decimal(roundTo(time, SECOND / 10n ** BigInt(decimals)), SECOND, decimals);
  }

  /**
   * A moment to the tick, where it stands alone: "0.150052 s", "tick 2,417".
   * @param {number} ticks
   */
  exact(ticks) {
    return this.hz > 0 ? `${this.stamp(ticks)} s` : this.moment(ticks);
  }

  /**
   * A stretch, its ends with as many decimals as tell them apart: "0.1500390 s to 0.1500560 s (17.0 µs)".
   * @param {number} from
   * @param {number} to
   */
  stretch(from, to) {
    const fine = new Clock(this.hz, to - from);
    return `${fine.moment(from)} to ${fine.moment(to)} (${this.duration(to - from)})`;
  }

  /**
   * How fast bytes grow: "1,097 B/s", "4.50 B/min", "270 B in 1,000 ticks".
   * @param {number} grown bytes
   * @param {number} ticks
   */
  rate(grown, ticks) {
    if (this.hz === 0 || ticks <= 0) return `${bytes(grown)} in ${this.duration(ticks)}`;
    return ratePerSecond((grown * this.hz) / ticks);
  }
}

/**
 * A rate, by the shortest of second, minute, hour and day in which it is a byte at least.
 * @param {number} bytes in a second
 */
export function ratePerSecond(bytes) {
  return rateColumn([bytes])(bytes);
}

/**
 * Writes the rates of a column in one unit, that of the fastest: "0.075 B/s" below "1,080 B/s".
 * @param {number[]} column bytes in a second
 * @returns {(bytes: number) => string}
 */
export function rateColumn(column) {
  const fastest = column.reduce((most, rate) => Math.max(most, Math.abs(rate)), 0);
  const units = /** @type {const} */ ([[1 / 2 ** 20, 'MiB/s', 10], [1, 'B/s', 1], [60, 'B/min', 1], [3600, 'B/h', 1], [86400, 'B/day', 0]]);
  const [factor, unit] = units.find(([factor, , least]) => fastest * factor >= least) ?? units[4];
  return (rate) => {
    const amount = Math.abs(rate) * factor;
    if (amount === 0 || !Number.isFinite(amount)) return '0 B/s';
    return amount < 0.0005 && column.length > 1 ? `<0.001 ${unit}` : `${rate < 0 ? '-' : ''}${significant(amount)} ${unit}`;
  };
}

/**
 * A length of time in seconds, as `Clock.duration` writes it.
 * @param {number} seconds
 */
export function durationOfSeconds(seconds) {
  const most = (2n ** 64n - 1n) * SECOND;
  const picoseconds = Math.min(Math.max(seconds, 0) * Number(SECOND), Number(most));
  const time = BigInt(Math.floor(picoseconds));
  return time === 0n ? '0 s' : durationOf(time);
}

/**
 * A whole number with thousands separators.
 * @param {number} number
 */
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * A number that says in which direction: "+1,500", "-20", "0".
 * @param {number} number
 */
export function signed(number) {
  return number > 0 ? `+${count(number)}` : number < 0 ? `-${count(-number)}` : '0';
}

/**
 * A number of things: "1 block", "1,500 blocks".
 * @param {number} number
 * @param {string} name
 */
export function counted(number, name) {
  return `${count(number)} ${name}${number === 1 ? '' : 's'}`;
}

/**
 * A size, exact: "17,706 B".
 * @param {number} size in bytes
 */
export function bytes(size) {
  return size < 0 ? `-${count(-size)} B` : `${count(size)} B`;
}

/**
 * A size, exact, and in a binary unit if it is 10 KiB or more: "17,706 B (17.3 KiB)".
 * @param {number} size in bytes
 */
export function bytesWithUnit(size) {
  return size < 10_240 ? bytes(size) : `${bytes(size)} (${shortBytes(size)})`;
}

/**
 * A size for an axis, where an exact one has no room: "5,000 B", "17.3 KiB".
 * @param {number} size in bytes
 */
export function shortBytes(size) {
  if (size < 10_240) return bytes(Math.round(size));
  for (const [unit, name] of /** @type {const} */ ([[2 ** 30, 'GiB'], [2 ** 20, 'MiB']])) {
    if (size >= unit) return `${significant(size / unit)} ${name}`;
  }
  return `${significant(size / 2 ** 10)} KiB`;
}

/**
 * A part of a whole, without decimals; "<1 %" rather than 0 if there is any.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (whole === 0) return '0 %';
  const rounded = Math.floor((part * 200 + whole) / (2 * whole));
  return rounded === 0 && part > 0 ? '<1 %' : `${rounded} %`;
}

/** The same, rounded down: all that is not all is less than 100 %. @param {number} part @param {number} whole */
export function wholePercent(part, whole) {
  return `${Math.floor((part * 100) / Math.max(whole, 1))} %`;
}

/**
 * Three significant digits, or the whole number if it is 100 or more.
 * @param {number} number
 */
function significant(number) {
  if (number < 0.9995) return fixed(number, 3);
  if (number < 9.995) return fixed(number, 2);
  if (number < 99.95) return fixed(number, 1);
  return count(Math.round(number));
}

/**
 * As `toFixed`, but what lies in the middle goes to the even digit, as the text report has it.
 * @param {number} number
 * @param {number} decimals
 */
function fixed(number, decimals) {
  const scaled = number * 10 ** decimals;
  const isTie = scaled % 1 === 0.5 && Number.isInteger(number * 2 ** (decimals + 1));
  const isUp = isTie && Math.floor(scaled) % 2 === 0;
  return (isUp ? Math.floor(scaled) / 10 ** decimals : number).toFixed(decimals);
}

/** @param {bigint} picoseconds more than 0 */
function durationOf(picoseconds) {
  const dropped = picoseconds.toString().length - 3;
  const short = picoseconds < MINUTE && dropped > 0;
  const rounded = short ? roundTo(picoseconds, 10n ** BigInt(dropped)) : picoseconds;
  if (rounded < MINUTE) {
    const units = /** @type {const} */ ([[SECOND, 's'], [SECOND / 1000n, 'ms'], [SECOND / 1_000_000n, 'µs']]);
    const [unit, name] = units.find(([unit]) => rounded * 10n >= unit) ?? [SECOND / 1_000_000_000n, 'ns'];
    const whole = rounded / unit;
    const decimals = whole >= 100n ? 0 : whole >= 10n ? 1 : whole >= 1n ? 2 : 3;
    return `${decimal(rounded, unit, decimals)} ${name}`;
  }
  const seconds = roundTo(picoseconds, SECOND);
  if (seconds < HOUR) return `${seconds / MINUTE} min ${(seconds % MINUTE) / SECOND} s`;
  const minutes = roundTo(picoseconds, MINUTE);
  if (minutes < DAY) return `${minutes / HOUR} h ${(minutes % HOUR) / MINUTE} min`;
  const hours = roundTo(picoseconds, HOUR);
  return `${count(Number(hours / DAY))} d ${(hours % DAY) / HOUR} h`;
}

/**
 * The multiple of `step` next to `number`.
 * @param {bigint} number
 * @param {bigint} step
 */
function roundTo(number, step) {
  return ((number + step / 2n) / step) * step;
}

/**
 * `number / unit` with so many decimals; further ones are cut off.
 * @param {bigint} number
 * @param {bigint} unit
 * @param {number} decimals
 */
function decimal(number, unit, decimals) {
  const whole = number / unit;
  if (decimals === 0) return String(whole);
  const fraction = ((number % unit) * 10n ** BigInt(decimals)) / unit;
  return `${whole}.${String(fraction).padStart(decimals, '0')}`;
}
