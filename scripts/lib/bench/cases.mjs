// What a measurement gives, and how repetitions of it become one row.
import { percentile } from '../headless/output.mjs';

/**
 * One figure of one repetition, with a peer or a budget where there is one.
 * @typedef {object} Case
 * @property {string} case
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {number | null} ours null where it could not be measured
 * @property {number | null} [peer] null where the peer could not: see reason
 * @property {string} [peer_name]
 * @property {string} [reason] why a figure is null
 * @property {number} [limit] the budget of a figure without a peer
 * @property {number} [least_ratio] to the peer
 */
/**
 * The median of the repetitions. A ratio above 1 means that ours is better.
 * @typedef {object} Row
 * @property {string} line
 * @property {string} case
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {number | null} ours
 * @property {number | null} peer
 * @property {string | null} peer_name
 * @property {number | null} ratio
 * @property {[number, number] | null} spread least and most of ours
 * @property {[number, number] | null} peer_spread
 * @property {number} repetitions
 * @property {number | null} limit
 * @property {number | null} least_ratio
 * @property {boolean | null} holds whether the limit or the least ratio is kept; null where there is none
 * @property {string} [reason]
 */

/** @param {(number | null | undefined)[]} values @returns {number[]} */
const numbers = (values) => values.filter((value) => typeof value === 'number');

/** @param {number[]} values @returns {[number, number] | null} */
const spreadOf = (values) => (values.length > 0 ? [Math.min(...values), Math.max(...values)] : null);

/** @param {number[]} values */
const medianOf = (values) => (values.length > 0 ? percentile(values, 0.5) : null);

/**
 * @param {string} line
 * @param {Case[]} repetitions of one case
 * @returns {Row}
 */
export function toRow(line, repetitions) {
  const { unit, better, peer_name = null, limit = null, least_ratio = null } = repetitions[0];
  const oursAll = numbers(repetitions.map(({ ours }) => ours));
  const peerAll = numbers(repetitions.map(({ peer }) => peer));
  const ours = medianOf(oursAll);
  const peer = medianOf(peerAll);
  const ratio = ours === null || peer === null ? null : better === 'higher' ? ours / peer : peer / ours;
  const reason = repetitions.find((one) => one.reason)?.reason;
  return {
    line,
    case: repetitions[0].case,
    unit,
    better,
    ours,
    peer,
    peer_name,
    ratio,
    spread: spreadOf(oursAll),
    peer_spread: spreadOf(peerAll),
    repetitions: repetitions.length,
    limit,
    least_ratio,
    // A peer that cannot run proves nothing.
    holds: keeps(ours, better, limit) ?? keeps(ratio, 'higher', ours !== null && peer === null ? null : least_ratio),
    ...(reason && { reason }),
  };
}

/** @param {number | null} value @param {'higher' | 'lower'} better @param {number | null} limit */
function keeps(value, better, limit) {
  if (limit === null) return null;
  if (value === null) return false;
  return better === 'higher' ? value >= limit : value <= limit;
}
