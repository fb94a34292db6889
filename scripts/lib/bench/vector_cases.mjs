// The rows of the vector indexes' results: ours beside each peer's, or alone where a peer came to no end.

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./peer_pages/vectors.mjs').Result} Result
 * @typedef {import('./peer_pages/vectors.mjs').Searched} Searched
 */

/** The peer that the bars of the graph are set by. */
export const GRAPH_PEER = 'hnswlib-wasm';
const BUDGETED_COUNT = 100_000;

/**
 * @param {number} count
 * @param {Result[]} results
 * @param {(result: Result) => string} peerName with its version
 * @returns {Case[]}
 */
export function casesOf(count, results, peerName) {
  const ours = results.find(({ name }) => name === 'lodestone');
  if (!ours || ours.reason) throw new Error(`ours failed: ${ours?.reason}`);
  const size = `${count / 1000}k`;
  const lower = /** @type {const} */ ('lower');
  const higher = /** @type {const} */ ('higher');
  // What takes longer, or is found less of, with the number of vectors has its budget at 100,000.
  const isBudgeted = count <= BUDGETED_COUNT;
  /** @type {Case[]} */
  const cases = [];
  const exact = ours.searches.filter(({ setting }) => setting === 'exact');
  const graph = ours.searches.filter(({ setting }) => setting === 'graph');
  cases.push(
    { case: `${size}, exact recall@10`, unit: 'share', better: higher, ours: exact[0].recall, limit: 0.999 },
    { case: `${size}, graph recall@10 at ef 64`, unit: 'share', better: higher, ours: at(graph, 64).recall, limit: isBudgeted ? 0.98 : undefined },
    { case: `${size}, vectors and graph saved to one buffer (its memory touched before)`, unit: 'ms', better: lower, ours: ours.build[1].save_ms ?? null, limit: isBudgeted ? 100 : undefined },
    { case: `${size}, vectors and graph loaded from it`, unit: 'ms', better: lower, ours: ours.build[1].load_ms ?? null, limit: isBudgeted ? 100 : undefined },
    { case: `${size}, build, 1 thread to 2`, unit: 'times', better: higher, ours: ours.build[1].seconds / ours.build[2].seconds },
  );
  for (const result of results) {
    if (result === ours) continue;
    const peer_name = peerName(result);
    const reason = result.reason;
    const search = result.searches[0];
    const isTarget = result.name === GRAPH_PEER;
    if (result.name !== 'javascript') {
      for (const threads of [1, 2]) {
        cases.push({
          case: `${size}, graph build, ${threads} thread${threads > 1 ? 's' : ''}`,
          unit: 's',
          better: lower,
          ours: ours.build[threads].seconds,
          peer: result.build[1]?.seconds ?? null,
          peer_name,
          reason,
          least_ratio: isTarget ? (threads === 1 ? 1.8 : 3.2) : undefined,
        });
      }
    }
    cases.push({
      case: `${size}, a vector, with index`,
      unit: 'bytes',
      better: lower,
      ours: ours.build[1].bytes / count,
      peer: result.build[1] ? result.build[1].bytes / count : null,
      peer_name,
      reason,
      least_ratio: isTarget ? 1 : undefined,
    });
    if (isTarget) {
      for (const { width } of graph) cases.push(...graphCases(size, graph, Number(width), result, peer_name));
      continue;
    }
    const ofGraph = result.name === 'edgevec';
    for (const one of ofGraph ? [at(graph, 64)] : exact) {
      const name = ofGraph ? 'graph, ef 64' : `exact scan, ${one.threads} thread${one.threads > 1 ? 's' : ''}`;
      const least_ratio = result.name === 'javascript' ? (one.threads === 1 ? 8 : 15) : undefined;
      const base = { peer_name, reason };
      cases.push(
        { case: `${size}, ${name}, p50`, unit: 'ms', better: lower, ours: one.p50, peer: search?.p50 ?? null, ...base, least_ratio },
        { case: `${size}, ${name}, p95`, unit: 'ms', better: lower, ours: one.p95, peer: search?.p95 ?? null, ...base },
        { case: `${size}, ${name}, recall@10`, unit: 'share', better: higher, ours: one.recall, peer: search?.recall ?? null, ...base },
      );
    }
  }
  return cases;
}

/** @param {Searched[]} searches @param {number} width */
function at(searches, width) {
  const found = searches.find((search) => search.width === width);
  if (!found) throw new Error(`no search of width ${width}`);
  return found;
}

/**
 * A width of ours beside the same of theirs, and the quickest of ours that finds as much as theirs does. A peer that came to
 * no end has no searches, and ours is told alone.
 * @param {string} size
 * @param {Searched[]} graph ours
 * @param {number} width
 * @param {Result} peer
 * @param {string} peer_name
 * @returns {Case[]}
 */
function graphCases(size, graph, width, peer, peer_name) {
  const ours = at(graph, width);
  const theirs = peer.searches.find((search) => search.width === width);
  const name = `${size}, graph, ef ${width}`;
  const lower = /** @type {const} */ ('lower');
  const higher = /** @type {const} */ ('higher');
  const base = { peer_name, reason: peer.reason };
  return [
    ...(theirs ? [asGoodCase(size, graph, theirs, peer_name)] : []),
    { case: `${name}, recall@10`, unit: 'share', better: higher, ours: ours.recall, peer: theirs?.recall ?? null, ...base },
    { case: `${name}, p50`, unit: 'ms', better: lower, ours: ours.p50, peer: theirs?.p50 ?? null, ...base },
    { case: `${name}, p95`, unit: 'ms', better: lower, ours: ours.p95, peer: theirs?.p95 ?? null, ...base },
    { case: `${name}, 1 thread`, unit: 'queries/s', better: higher, ours: ours.perSecond, peer: theirs?.perSecond ?? null, ...base },
  ];
}

/**
 * @param {string} size
 * @param {Searched[]} graph ours
 * @param {Searched} theirs
 * @param {string} peer_name
 * @returns {Case}
 */
function asGoodCase(size, graph, theirs, peer_name) {
  const asGood = graph.filter(({ recall }) => recall >= theirs.recall).sort((a, b) => b.perSecond - a.perSecond)[0];
  return {
    case: `${size}, graph, as good as ef ${theirs.width}`,
    unit: 'queries/s',
    better: 'higher',
    ours: asGood?.perSecond ?? null,
    peer: theirs.perSecond,
    peer_name,
    least_ratio: 1.6,
    reason: asGood ? undefined : `ours finds less than ${theirs.recall} at every setting`,
  };
}
