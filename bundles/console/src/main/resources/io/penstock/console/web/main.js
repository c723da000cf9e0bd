// SPDX-License-Identifier: Apache-2.0
// Which view is shown, and what holds on each.

import { follow, objects, world } from './live.js';
import { objectView } from './object.js';
import { overview } from './overview.js';
import { KINDS, bytes, html, stateOf, write } from './words.js';

const HOW = { events: 'live', polling: 'live, asked for each second', lost: 'the connection is lost; trying again' };
const main = document.getElementById('content');
const summary = document.getElementById('summary');
const connection = document.getElementById('connection');
let refresh = null;

function show() {
  const key = location.hash.startsWith('#/o/') ? decodeURIComponent(location.hash.slice(4)) : null;
  const view = key === null ? overview(main) : objectView(main, key);
  refresh = view;
  document.title = key === null ? 'Penstock' : `${objects.get(key)?.name ?? 'not there'} – Penstock`;
  scrollTo(0, 0);
}

/** What there is, and how much of it is in trouble. */
function summarize() {
  let trouble = 0;
  const counts = {};
  for (const one of objects.values()) {
    counts[one.type] = (counts[one.type] ?? 0) + 1;
    const { level } = stateOf(one);
    trouble += level === 'failed' || level === 'full' ? 1 : 0;
  }
  const parts = Object.entries(counts).map(([type, count]) => `${count} ${KINDS[type][count === 1 ? 0 : 1]}`);
  const { descriptors, maxDescriptors, buffered } = world.resources;
  parts.push(trouble === 0 ? 'none full or failed' : `${trouble} full or failed`, `${bytes(buffered)} in memory`);
  if (descriptors !== null) {
    parts.push(`${descriptors} of ${maxDescriptors} descriptors`);
  }
  write(summary, parts.join(' · '));
}

function changed() {
  if (document.hidden && refresh) {
    return;
  }
  const started = performance.now();
  if (!refresh) {
    show();
  } else {
    refresh();
  }
  summarize();
  document.body.dataset.drawn = (performance.now() - started).toFixed(1);
}

function how(way) {
  connection.dataset.how = way;
  write(connection, HOW[way]);
}

addEventListener('hashchange', () => {
  if (refresh && (location.hash === '' || location.hash.startsWith('#/'))) {
    show();
    main.focus();
  }
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && refresh) {
    changed();
  }
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches?.('input, select, textarea') || document.getElementById('confirm').open;
  if (event.key === '/' && !typing) {
    const search = document.getElementById('search');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.key === 'Escape' && !document.getElementById('confirm').open && location.hash.startsWith('#/o/')) {
    location.hash = '#/';
  }
});
main.replaceChildren(html('p', { class: 'note' }, 'One moment.'));
follow(changed, how);
