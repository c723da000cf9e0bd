// SPDX-License-Identifier: Apache-2.0
// The plumbing as a graph: endpoints are nodes, pipes and relays are edges as wide as their rate.

import { KINDS, bytes, known, stateOf, svg, write } from './words.js';

/** More would be a tangle: those that are in trouble come first, then the fastest. */
const MOST_EDGES = 40;
const MOST_LONE_NODES = 24;
const COLUMN = 300;
const ROW = 46;
const NODE_WIDTH = 190;
const NODE_HEIGHT = 32;
const MARGIN = 12;
const MOST_COLUMNS = 5;
const LONGEST = 26;
const URGENCY = { failed: 0, full: 1, paused: 2, ok: 3, idle: 4 };

const href = (one) => `#/o/${encodeURIComponent(one.key)}`;
/** A long name without its middle: what differs is at its end. */
const shorten = (text, most) => (text.length > most ? `${text.slice(0, most - 10)}…${text.slice(-9)}` : text);
/** Trouble comes first. */
const urgent = (a, b) => URGENCY[a.state.level] - URGENCY[b.state.level];
const byKey = (a, b) => (a.one.key < b.one.key ? -1 : 1);
const worse = (one, two) => (URGENCY[two.level] < URGENCY[one.level] ? two : one);

/** The widest is 12, and one byte a second is seen still. */
const width = (rate) => Math.min(12, 1.5 + Math.log2(1 + rate / 256) / 2);

function collect(all) {
  const nodes = new Map();
  const edges = [];
  const node = (name, one, state) => {
    const there = nodes.get(name);
    if (there) {
      there.state = worse(there.state, state);
      there.one = there.one.type === 'relays' ? one : there.one;
      there.count++;
    } else {
      nodes.set(name, { name, one, state, count: 1, linked: false });
    }
    return name;
  };
  const idle = { level: 'idle', mark: '○', text: '' };
  const edge = (from, to, one, rate, state) => edges.push({ from, to, one, rate, state });
  for (const one of all) {
    const state = stateOf(one);
    switch (one.type) {
      case 'pipes': {
        const name = `pipe:${one.name}`;
        edge(node(`${name} in`, one, idle), node(`${name} out`, one, idle), one, known(one.source.bytes), state);
        break;
      }
      case 'relays':
        edge(node(one.from, one, idle), node(one.to, one, idle), one, known(one.forwarded) + known(one.returned), state);
        break;
      case 'servers':
        edge(node(one.endpoint, one, idle), node(`handler ${one.name}`, one, state), one, 0, state);
        break;
      case 'channels':
      case 'listeners':
        node(one.endpoint, one, state);
        break;
      default:
        break;
    }
  }
  // A pipe that a relay names is where the relay writes, and where it reads.
  for (const one of edges) {
    if (one.one.type === 'relays') {
      one.from = nodes.has(`${one.from} out`) ? `${one.from} out` : one.from;
      one.to = nodes.has(`${one.to} in`) ? `${one.to} in` : one.to;
    }
  }
  return { nodes, edges };
}

/** Chooses what is drawn, and says of what nothing is. */
function choose({ nodes, edges }) {
  edges.sort((a, b) => urgent(a, b) || b.rate - a.rate || byKey(a, b));
  // Each keeps its place while rates go up and down.
  const drawn = edges.slice(0, MOST_EDGES).sort((a, b) => urgent(a, b) || byKey(a, b));
  const linked = new Set(drawn.flatMap((edge) => [edge.from, edge.to]));
  const elsewhere = new Set(edges.slice(MOST_EDGES).flatMap((edge) => [edge.from, edge.to]));
  const lone = [...nodes.values()].filter((node) => !linked.has(node.name) && !elsewhere.has(node.name));
  // A node of which relays tell by another name is no node of its own.
  const real = lone.filter((node) => node.one.type !== 'relays' && node.one.type !== 'pipes');
  real.sort((a, b) => urgent(a, b) || (a.name < b.name ? -1 : 1));
  const shown = [...linked].map((name) => nodes.get(name)).concat(real.slice(0, MOST_LONE_NODES));
  return { edges: drawn, nodes: shown, hidden: edges.length - drawn.length + Math.max(0, real.length - MOST_LONE_NODES) };
}

/** Gives each node a column behind those that flow into it, and a row. */
function place({ nodes, edges }) {
  const column = new Map(nodes.map((node) => [node.name, 0]));
  for (let round = 1; round < MOST_COLUMNS; round++) {
    for (const edge of edges) {
      if (edge.from !== edge.to) {
        column.set(edge.to, Math.min(MOST_COLUMNS - 1, Math.max(column.get(edge.to), column.get(edge.from) + 1)));
      }
    }
  }
  const rows = [];
  const at = new Map();
  for (const node of nodes) {
    const x = column.get(node.name);
    rows[x] = (rows[x] ?? 0) + 1;
    at.set(node.name, { x: MARGIN + x * COLUMN, y: MARGIN + (rows[x] - 1) * ROW });
  }
  return { at, width: 2 * MARGIN + (rows.length - 1) * COLUMN + NODE_WIDTH, height: MARGIN + Math.max(0, ...rows.filter(Boolean)) * ROW };
}

/** Listeners have corners cut, endpoints round ones, handlers straight ones. */
function outline(node) {
  const h = NODE_HEIGHT;
  const w = NODE_WIDTH;
  if (node.one.type === 'listeners') {
    return `M8 0H${w - 8}L${w} ${h / 2}L${w - 8} ${h}H8L0 ${h / 2}Z`;
  }
  return node.one.type === 'servers'
    ? `M0 0H${w}V${h}H0Z`
    : `M10 0H${w - 10}a10 10 0 0 1 10 10V${h - 10}a10 10 0 0 1 -10 10H10a10 10 0 0 1 -10 -10V10a10 10 0 0 1 10 -10Z`;
}

/** A mark for a state: a cross, a square, two bars; its shape tells without the colour. */
function mark(level, x, y) {
  const shapes = {
    failed: `M${x - 6} ${y - 6}l12 12m0 -12l-12 12`,
    full: `M${x - 6} ${y - 6}h12v12h-12z`,
    paused: `M${x - 4} ${y - 7}v14m8 -14v14`,
  };
  return shapes[level] ? svg('path', { class: 'mark', d: shapes[level] }) : null;
}

/** What is told of an edge, which changes while its place stays. */
function told({ one, state, rate }) {
  const moved = `${bytes(rate)}/s`;
  return {
    name: `${KINDS[one.type][0]} ${one.name}, ${state.text}${one.type === 'servers' ? '' : `, ${moved}`}`,
    words: state.level === 'ok' && one.type !== 'servers' ? moved : '',
    wide: width(rate).toFixed(1),
  };
}

function drawEdge(edge, at) {
  const from = at.get(edge.from);
  const to = at.get(edge.to);
  const x1 = from.x + NODE_WIDTH;
  const y1 = from.y + NODE_HEIGHT / 2;
  const y2 = to.y + NODE_HEIGHT / 2;
  const back = to.x <= from.x;
  const x2 = back ? to.x + NODE_WIDTH : to.x;
  const bend = back ? 60 : (x2 - x1) / 2;
  const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${back ? x2 + bend : x2 - bend} ${y2} ${x2} ${y2}`;
  const { one, state } = edge;
  const x = back ? x1 + (bend * 3) / 4 : (x1 + x2) / 2;
  const y = (y1 + y2) / 2;
  const { name, words, wide } = told(edge);
  const title = svg('title', {}, name);
  const line = svg('path', { class: `edge ${state.level}`, d: path, 'stroke-width': wide });
  const text = svg('text', { x, y: y - 8, 'text-anchor': 'middle' }, words);
  const link = svg(
    'a', { href: href(one), 'aria-label': name, class: state.level, 'data-key': one.key },
    title, svg('path', { class: 'hit', d: path }), line, mark(state.level, x, y), text);
  return { link, title, line, text, name, wide };
}

/** Tells anew of an edge that is drawn. */
function renew(drawn, edge) {
  const { name, words, wide } = told(edge);
  if (drawn.name !== name) {
    drawn.name = name;
    write(drawn.title, name);
    drawn.link.setAttribute('aria-label', name);
  }
  write(drawn.text, words);
  if (drawn.wide !== wide) {
    drawn.wide = wide;
    drawn.line.setAttribute('stroke-width', wide);
  }
}

function drawNode(node, at) {
  const { x, y } = at.get(node.name);
  const many = node.count > 1 && node.one.type !== 'pipes' ? ` ×${node.count}` : '';
  const name = `${node.name}${many}${node.state.text ? `, ${node.state.text}` : ''}`;
  const trouble = mark(node.state.level, NODE_WIDTH - 14, NODE_HEIGHT / 2);
  return svg(
    'a', { href: href(node.one), 'aria-label': name, class: node.state.level, transform: `translate(${x} ${y})` },
    svg('title', {}, name),
    svg('path', { class: 'node', d: outline(node) }),
    svg('text', { x: 10, y: NODE_HEIGHT / 2 + 4 }, shorten(node.name, LONGEST - many.length - (trouble ? 3 : 0)) + many),
    trouble);
}

/** All that decides where and how something is drawn, but for what is told of the edges. */
const shapeOf = ({ edges, nodes }) => JSON.stringify([
  edges.map(({ one, from, to, state }) => [one.key, from, to, state.level]),
  nodes.map(({ name, one, count, state }) => [name, one.key, count, state.level, state.text])]);

/**
 * Draws objects; gives the picture, and how many could not be in it. The picture before stays where
 * only what it tells of its edges is another.
 */
export function graph(all, before) {
  const chosen = choose(collect(all));
  if (chosen.nodes.length === 0) {
    return { picture: null, hidden: 0, edges: 0 };
  }
  const { hidden } = chosen;
  const edges = chosen.edges.length;
  const shape = shapeOf(chosen);
  if (before?.shape === shape) {
    chosen.edges.forEach((edge, i) => renew(before.drawn[i], edge));
    return { ...before, hidden, edges };
  }
  const where = place(chosen);
  const drawn = chosen.edges.map((edge) => drawEdge(edge, where.at));
  const picture = svg(
    'svg', { width: where.width, height: where.height, viewBox: `0 0 ${where.width} ${where.height}`, role: 'group', 'aria-label': 'Graph of the plumbing' },
    ...drawn.map(({ link }) => link),
    ...chosen.nodes.map((node) => drawNode(node, where.at)));
  return { picture, shape, drawn, hidden, edges };
}
