// SPDX-License-Identifier: Apache-2.0
// The graph, the table under it, and what narrows both.

import { objects, world, events } from './live.js';
import { graph } from './graph.js';
import { KINDS, compare, filled, fill, html, known, place, rates, speed, stateOf, time, waiting, write } from './words.js';

/** So many rows are laid out quickly, and more are not read at once. */
const ROWS = 100;
const LATEST = 20;
const GRAPH_MILLIS = 2000;
/** The edges of more objects change places often, which is as tiring to draw as to look at. */
const MANY = 300;
const URGENCY = { failed: 0, full: 1, paused: 2, ok: 3, idle: 4 };

const COLUMNS = [
  ['Name', 'name', (a, b) => compare(a.name, b.name)],
  ['Kind', 'kind', (a, b) => compare(a.type, b.type)],
  ['State', 'state', (a, b) => URGENCY[stateOf(a).level] - URGENCY[stateOf(b).level]],
  ['Where', 'where', (a, b) => compare(place(a), place(b))],
  ['Out', 'out', (a, b) => known(rates(b)[0]) - known(rates(a)[0])],
  ['In', 'in', (a, b) => known(rates(b)[1]) - known(rates(a)[1])],
  ['Kept', 'kept', (a, b) => (fill(b)?.held ?? -1) - (fill(a)?.held ?? -1)],
  ['Waiting', 'waiting', (a, b) => waiting(b) - waiting(a)],
];

const NUMBERS = ['out', 'in', 'kept', 'waiting'];

// Kept when the reader comes back from an object's page.
const wanted = { text: '', kind: '', trouble: false, sort: 'state', first: 0 };

const cells = (one) => {
  const state = stateOf(one);
  const [out, into] = rates(one);
  const waits = waiting(one);
  return { state, texts: [KINDS[one.type][0], `${state.mark} ${state.text}`, place(one), out ? speed(out) : '', into ? speed(into) : '', filled(one), waits ? String(waits) : ''] };
};

function matches(one) {
  if (wanted.kind && one.type !== wanted.kind) {
    return false;
  }
  const state = stateOf(one);
  if (wanted.trouble && state.level !== 'failed' && state.level !== 'full' && state.level !== 'paused') {
    return false;
  }
  const text = wanted.text.trim().toLowerCase();
  return !text || [one.name, place(one), one.owner ?? '', state.text, KINDS[one.type][0]].some((part) => part.toLowerCase().includes(text));
}

function chosen() {
  const order = COLUMNS.find((column) => column[1] === wanted.sort)[2];
  return [...objects.values()].filter(matches).sort((a, b) => order(a, b) || compare(a.name, b.name) || (a.key < b.key ? -1 : 1));
}

function makeRow() {
  const link = html('a', {});
  const parts = COLUMNS.slice(1).map(([label, id]) =>
    html('td', { role: 'cell', 'data-label': label, class: NUMBERS.includes(id) ? 'number' : id }));
  return { row: html('tr', { role: 'row' }, html('th', { scope: 'row', role: 'rowheader', 'data-label': 'Name' }, link), ...parts), link, parts, key: null };
}

function fillRow(made, one) {
  const { state, texts } = cells(one);
  if (made.key !== one.key) {
    made.key = one.key;
    made.link.href = `#/o/${encodeURIComponent(one.key)}`;
  }
  write(made.link, one.name || '(no name)');
  texts.forEach((text, i) => write(made.parts[i], text));
  const look = `state ${state.level}`;
  if (made.parts[1].className !== look) {
    made.parts[1].className = look;
  }
}

/** Makes the view; gives what brings it up to date. */
export function overview(main) {
  const search = html('input', { id: 'search', type: 'search', 'aria-keyshortcuts': '/', autocomplete: 'off' });
  const kind = html('select', { id: 'kind' }, html('option', { value: '' }, 'all'), ...Object.entries(KINDS).map(([type, [, many]]) => html('option', { value: type }, many)));
  const trouble = html('input', { id: 'trouble', type: 'checkbox' });
  const picture = html('div', { class: 'scroll graph', tabindex: '0', role: 'region', 'aria-label': 'Graph' });
  const note = html('p', { class: 'note', id: 'graph-note' });
  const body = html('tbody', { role: 'rowgroup' });
  const count = html('p', { class: 'note', role: 'status', id: 'count' });
  const heads = COLUMNS.map(([label, id]) => {
    const button = html('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      wanted.sort = id;
      wanted.first = 0;
      refresh();
    });
    return html('th', { scope: 'col', role: 'columnheader', class: NUMBERS.includes(id) ? 'number' : null }, button);
  });
  const before = html('button', { type: 'button' }, 'Previous rows');
  const after = html('button', { type: 'button' }, 'Next rows');
  const pages = html('div', { class: 'pages' }, before, after);
  const happened = html('ul', { id: 'events' });
  search.value = wanted.text;
  kind.value = wanted.kind;
  trouble.checked = wanted.trouble;
  const rows = [];
  let drawnAt = 0;
  let drawn = null;

  function narrow() {
    wanted.text = search.value;
    wanted.kind = kind.value;
    wanted.trouble = trouble.checked;
    wanted.first = 0;
    drawnAt = 0;
    refresh();
  }
  search.addEventListener('input', narrow);
  kind.addEventListener('change', narrow);
  trouble.addEventListener('change', narrow);
  const turn = (by) => () => {
    wanted.first = Math.max(0, wanted.first + by);
    refresh();
  };
  before.addEventListener('click', turn(-ROWS));
  after.addEventListener('click', turn(ROWS));

  // Up and down go from row to row.
  body.addEventListener('keydown', (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = rows.findIndex((made) => made.link === document.activeElement);
    const next = by && at >= 0 ? rows[at + by] : null;
    if (next?.row.isConnected) {
      event.preventDefault();
      next.link.focus();
    }
  });

  main.replaceChildren(
    html('h1', {}, 'The plumbing'),
    html('div', { class: 'tools', role: 'search' },
      html('div', {}, html('label', { for: 'search' }, 'Search (press /)'), search),
      html('div', {}, html('label', { for: 'kind' }, 'Kind'), kind),
      html('label', { class: 'check' }, trouble, 'only full, failed and paused ones')),
    html('h2', {}, 'Graph'), picture, note,
    html('h2', { id: 'objects-title' }, 'Objects'), count,
    html('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'objects-title' },
      html('table', { class: 'objects', role: 'table', 'aria-labelledby': 'objects-title' },
        html('thead', { role: 'rowgroup' }, html('tr', { role: 'row' }, ...heads)), body)),
    pages,
    html('h2', {}, 'Latest events'), happened);

  function draw(list) {
    const now = performance.now();
    // A picture that the reader goes through by keyboard stays; one each other second is enough.
    if (picture.contains(document.activeElement) && picture !== document.activeElement && drawnAt > 0) {
      return;
    }
    if (drawnAt > 0 && now - drawnAt < (objects.size > MANY ? 2 : 1) * GRAPH_MILLIS - 200) {
      return;
    }
    drawnAt = now;
    const last = drawn?.picture;
    drawn = graph(list, drawn);
    if (!drawn.picture || drawn.picture !== last) {
      picture.replaceChildren(drawn.picture ?? html('p', { class: 'note' }, 'Nothing to draw.'));
    }
    write(note, drawn.hidden > 0 ? `The ${drawn.edges} edges in trouble or fastest are drawn; ${drawn.hidden} more objects are in the table. Search to draw others.` : 'A wider edge is a higher rate. ✕ and dashes: failed. ■: full. ‖: paused.');
  }

  function refresh() {
    const list = chosen();
    wanted.first = Math.min(wanted.first, Math.floor(Math.max(0, list.length - 1) / ROWS) * ROWS);
    const shown = list.slice(wanted.first, wanted.first + ROWS);
    while (rows.length < shown.length) {
      rows.push(makeRow());
    }
    shown.forEach((one, i) => fillRow(rows[i], one));
    rows.forEach(({ row }, i) => {
      if (i < shown.length && !row.isConnected) {
        body.append(row);
      } else if (i >= shown.length && row.isConnected) {
        row.remove();
      }
    });
    heads.forEach((head, i) => {
      if (COLUMNS[i][1] === wanted.sort) {
        head.setAttribute('aria-sort', ['name', 'kind', 'state', 'where'].includes(wanted.sort) ? 'ascending' : 'descending');
      } else {
        head.removeAttribute('aria-sort');
      }
    });
    const last = wanted.first + shown.length;
    write(count, list.length > ROWS ? `${wanted.first + 1} to ${last} of ${list.length}` : `${list.length} of ${objects.size}`);
    pages.hidden = list.length <= ROWS;
    before.disabled = wanted.first === 0;
    after.disabled = last >= list.length;
    draw(list);
    showEvents(happened, events.slice(-LATEST).reverse());
  }

  refresh();
  search.dataset.ready = String(world.at);
  return refresh;
}

/** Shows events, the latest first, unless they are there already. */
export function showEvents(list, latest) {
  const version = latest.map((event) => event.number).join();
  if (list.dataset.version === version && list.firstChild) {
    return;
  }
  list.dataset.version = version;
  list.replaceChildren(...latest.map((event) =>
    html('li', {}, `${time(event.at)} ${event.object} ${event.name}: ${event.type.toLowerCase()}${event.endpoint ? ` ${event.endpoint}` : ''}${event.cause ? `: ${event.cause}` : ''}`)));
  if (latest.length === 0) {
    list.append(html('li', { class: 'note' }, 'none since the page was installed'));
  }
}
