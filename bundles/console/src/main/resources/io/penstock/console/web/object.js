// SPDX-License-Identifier: Apache-2.0
// The page of an object: how it stands, how fast it was, who waits, its options, and what happened to it.

import { act, ask, events, objects, world } from './live.js';
import { showEvents } from './overview.js';
import { plot } from './plot.js';
import { KINDS, bytes, fill, filled, html, known, often, place, rates, speed, stateOf, time, write } from './words.js';

const SPAN = 600_000;
const STEERED = ['pipes', 'channels', 'listeners', 'relays'];

function facts(one) {
  const found = [['Kind', KINDS[one.type][0]], ['Where', place(one)], ['Owner', one.owner || (one.owner === '' ? 'a configuration, or no bundle' : null)]];
  if (one.id) {
    found.push(['Number', `#${one.id}`]);
  }
  const [out, into] = rates(one);
  if (out) {
    const labels = one.type === 'relays' ? ['Forwarded', 'Returned'] : ['Read', 'Written'];
    found.push([labels[0], `${bytes(out.total)}, now ${speed(out)}`], [labels[1], `${bytes(into.total)}, now ${speed(into)}`]);
  }
  if (one.source) {
    found.push(
      ['Operations', `${one.source.operations.total} reads, ${one.sink.operations.total} writes`],
      ['Waits so far', `${one.source.waits} of readers, ${one.sink.waits} of writers`],
      ['Polled', [one.source.polled ? 'for reading' : '', one.sink.polled ? 'for writing' : ''].filter(Boolean).join(' and ') || 'no']);
  }
  const more = {
    pipes: () => [['Kept', filled(one)], ['Most kept', bytes(one.highWater)]],
    channels: () => [['Own address', one.local], ['Peer', one.peer], ['Kept', filled(one)]],
    listeners: () => [['Connections', filled(one)], ['Accepted', `${one.accepted.total}, now ${often(one.accepted)}`]],
    relays: () => [['Connections', String(one.active)]],
    pollers: () => [['Registered', String(one.registered)], ['Events', `${one.events.total}, now ${often(one.events)}`]],
    servers: () => [
      ['Handler', one.handler], ['Framing', one.framing], ['Threads', one.execution], ['Trouble', one.trouble],
      ['Frames', String(one.frames)], ['Failed calls', String(one.faults)], ['Last failure', one.lastFault],
      ...one.connections.slice(0, 50).map((each) => [`Connection ${each.name}`, `${each.peer}, ${each.frames} frames, waits for ${each.waits}`])],
    failed: () => [['Reason', one.reason]],
    awaited: () => [['Tries', String(one.tries)], ['Since', time(one.since)]],
  };
  found.push(...more[one.type]());
  if (one.fault) {
    found.push(['Last failure', `${time(one.fault.at)}, ${one.fault.count} in all: ${one.fault.message}`]);
  }
  return found.filter(([, value]) => value !== null && value !== undefined && value !== '');
}

/** What events call its kind. */
function told(one) {
  return { failed: 'handler', awaited: one.kind }[one.type] ?? KINDS[one.type][0];
}

function sample(one) {
  const [out, into] = rates(one);
  const value = (rate) => (rate && rate.second !== null ? known(rate) : null);
  return { at: world.at, out: value(out), into: value(into), held: fill(one)?.held ?? null };
}

/** Asks before something is done; gives whether it shall be. */
function confirmed(title, text, yes) {
  const dialog = document.getElementById('confirm');
  write(document.getElementById('confirm-title'), title);
  write(document.getElementById('confirm-text'), text);
  const go = document.getElementById('confirm-yes');
  write(go, yes);
  return new Promise((resolve) => {
    go.onclick = () => dialog.close('yes');
    document.getElementById('confirm-no').onclick = () => dialog.close('no');
    dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    dialog.returnValue = 'no';
    dialog.showModal();
    document.getElementById('confirm-no').focus();
  });
}

const QUESTIONS = {
  close: ['Close', 'What its sink has taken is still sent within the close limit. Peers see the end.'],
  pause: ['Pause', 'It gives nothing, or accepts nobody, until it is resumed. Writers wait meanwhile.'],
};

async function steer(what, one) {
  const question = QUESTIONS[what];
  if (question && !(await confirmed(`${question[0]} ${KINDS[one.type][0]} ${one.name}?`, question[1], question[0]))) {
    return;
  }
  const said = document.getElementById('said');
  try {
    write(said, (await act(what, one.key)).message);
  } catch (failure) {
    write(said, `${what} of ${one.name} has failed: ${failure.message}`);
  }
  setTimeout(() => write(said, ''), 8000);
}

function waiters(one) {
  const all = [['reads', one.source], ['writes', one.sink]].flatMap(([does, end]) => (end?.waiting ?? []).map((each) => ({ ...each, does })));
  if (all.length === 0) {
    return [html('li', { class: 'note' }, 'no thread')];
  }
  return all.map((each) =>
    html('li', {}, `${each.thread} ${each.does}, since ${time(each.since)}`,
      each.stack.length > 0 ? html('details', {}, html('summary', {}, `Stack of ${each.thread}`), html('pre', { tabindex: '0' }, each.stack.join('\n'))) : null));
}

async function load(where, key, show) {
  try {
    show(await ask(`${where}?key=${encodeURIComponent(key)}`));
  } catch (failure) {
    show(null, failure);
  }
}

/** Makes the view of an object; gives what brings it up to date. */
export function objectView(main, key) {
  let one = objects.get(key);
  if (!one) {
    main.replaceChildren(html('h1', {}, 'Not there'), html('p', {}, `There is no object ${key}; it was closed, or has never been.`), html('p', {}, html('a', { href: '#/' }, 'All objects')));
    return () => {};
  }
  const state = html('p', { class: 'state', id: 'state' });
  const why = html('p', { id: 'why' });
  const list = html('dl');
  const waits = html('ul', { id: 'waiters' });
  const options = html('div', { id: 'options' }, html('p', { class: 'note' }, 'One moment.'));
  const happened = html('ul', { id: 'events' });
  const buttons = html('p', { class: 'buttons' });
  const plots = html('div', { class: 'plots' });
  const button = (id, label, what) => {
    const made = html('button', { type: 'button', id }, label);
    made.addEventListener('click', () => steer(what, one));
    return made;
  };
  const close = button('close', 'Close', 'close');
  const pause = button('pause', 'Pause', 'pause');
  const resume = button('resume', 'Resume', 'resume');
  if (STEERED.includes(one.type)) {
    buttons.append(pause, resume, close);
  }
  const history = [];
  const drawn = [];
  if (rates(one)[0]) {
    const names = one.type === 'relays' ? ['forwarded', 'returned'] : ['read', 'written'];
    const shown = plot('Rate', 'B/s', names);
    drawn.push((now) => shown.show(history.map(({ at, out, into }) => ({ at, values: [out, into] })), now));
    plots.append(shown.figure);
  }
  if (fill(one)) {
    const bounded = fill(one).most > 0 && fill(one).most < Number.MAX_SAFE_INTEGER;
    const shown = plot('Fill', 'bytes', bounded ? ['kept', 'capacity'] : ['kept']);
    drawn.push((now) => shown.show(history.map(({ at, held }) => ({ at, values: bounded ? [held, fill(one).most] : [held] })), now));
    plots.append(shown.figure);
  }
  main.replaceChildren(
    html('p', {}, html('a', { href: '#/' }, '← All objects')),
    html('h1', {}, `${KINDS[one.type][0]} ${one.name}`),
    state, buttons, plots,
    html('h2', {}, 'What it waits for'), why, waits,
    html('h2', {}, 'Facts'), list,
    html('h2', {}, 'Options'), options,
    html('h2', {}, 'Events'), happened);

  load('history.json', key, (answer) => {
    if (answer) {
      history.unshift(...answer.samples.filter((each) => each.at < (history[0]?.at ?? Infinity)));
      drawn.forEach((each) => each(world.at));
    }
  });
  load('options.json', key, (answer, failure) => {
    const rows = (answer?.options ?? []).map((each) =>
      html('tr', {}, html('th', { scope: 'row' }, each.key), html('td', {}, each.value), html('td', {}, each.origin)));
    options.replaceChildren(rows.length > 0
      ? html('table', { 'aria-label': 'Options' }, html('thead', {}, html('tr', {}, ...['Option', 'Value', 'From'].map((name) => html('th', { scope: 'col' }, name)))), html('tbody', {}, ...rows))
      : html('p', { class: 'note' }, failure ? failure.message : 'None is known.'));
  });
  load('why.json', key, (answer) => write(why, answer?.why ?? ''));

  let seenWaiters = null;
  function refresh() {
    const there = objects.get(key);
    buttons.hidden = !there;
    if (!there) {
      state.className = 'state idle';
      write(state, '○ closed');
      return;
    }
    one = there;
    const now = stateOf(one);
    state.className = `state ${now.level}`;
    write(state, `${now.mark} ${now.text}`);
    const paused = now.level === 'paused';
    pause.hidden = paused;
    resume.hidden = !paused;
    const latest = facts(one);
    if (list.children.length !== latest.length * 2) {
      list.replaceChildren(...latest.flatMap(() => [html('dt'), html('dd')]));
    }
    latest.forEach(([label, value], i) => {
      write(list.children[2 * i], label);
      write(list.children[2 * i + 1], value);
    });
    const waitingNow = JSON.stringify([one.source?.waiting, one.sink?.waiting]);
    if (waitingNow !== seenWaiters) {
      if (seenWaiters !== null) {
        load('why.json', key, (answer) => write(why, answer?.why ?? ''));
      }
      seenWaiters = waitingNow;
      waits.replaceChildren(...waiters(one));
    }
    if (history.at(-1)?.at !== world.at) {
      history.push(sample(one));
    }
    while (history.length > 0 && world.at - history[0].at > SPAN) {
      history.shift();
    }
    drawn.forEach((each) => each(world.at));
    showEvents(happened, events.filter((event) => event.name === one.name && event.object === told(one)).slice(-50).reverse());
  }
  refresh();
  return refresh;
}
