// SPDX-License-Identifier: Apache-2.0
// What there is, kept up to date: by server-sent events, or by asking each second where those do not come.

import { KINDS, judge } from './words.js';

const POLL_MILLIS = 1000;
const TRIES_BEFORE_POLLING = 2;
const EVENTS = 200;

/** Each object by its key, such as pipes/12. */
export const objects = new Map();
/** What has happened, the latest last. */
export const events = [];
/** The whole process. */
export const world = { at: 0, resources: null };

const keyOf = {
  servers: (one) => `servers/${one.serviceId}`,
  failed: (one) => `failed/${one.serviceId}`,
  awaited: (one) => `awaited/${one.pid}`,
};

let sequence = -1;

/** Puts what has changed of something where that is kept. */
function merge(there, changes) {
  for (const [name, value] of Object.entries(changes)) {
    const old = there[name];
    if (value !== null && old !== null && typeof value === 'object' && typeof old === 'object' && !Array.isArray(value)) {
      merge(old, value);
    } else {
      there[name] = value;
    }
  }
  return there;
}

/** Takes a message of the server. It has new objects whole, and of known ones only what has changed. */
export function take(message) {
  if (message.full) {
    objects.clear();
    events.length = 0;
  }
  const { runtime } = message;
  world.at = runtime.at;
  world.resources = runtime.resources;
  for (const key of message.gone) {
    objects.delete(key);
  }
  for (const type of Object.keys(KINDS)) {
    const key = keyOf[type] ?? ((one) => `${type}/${one.id}`);
    for (const news of runtime[type]) {
      const its = key(news);
      const there = objects.get(its);
      const one = there ? merge(there, news) : news;
      one.type = type;
      one.key = its;
      one.judged = judge(one);
      objects.set(its, one);
    }
  }
  events.push(...message.events);
  events.splice(0, Math.max(0, events.length - EVENTS));
  // Last: a browser that failed to take a message asks for all.
  sequence = message.sequence;
}

/** Asks for data. A page whose login has ended is loaded again, which asks for it. */
export async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
  if (answer.status === 401) {
    location.reload();
  }
  if (!answer.ok) {
    throw new Error(`${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

/** Has the server do something; gives what it says. */
export async function act(what, key) {
  const answer = await fetch('act.json', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'X-Penstock-Token': document.querySelector('meta[name="penstock-token"]').content,
    },
    body: new URLSearchParams({ do: what, key }),
  });
  const said = await answer.json();
  return { ok: answer.ok, message: said.message };
}

/** Keeps everything up to date from now on; tells each change, and how it came. */
export function follow(changed, how) {
  let failures = 0;

  async function poll() {
    try {
      if (!document.hidden) {
        const message = await ask(`data.json?after=${sequence}`);
        how('polling');
        if (message.sequence !== sequence) {
          take(message);
          changed();
        }
      }
    } catch {
      how('lost');
    }
    setTimeout(poll, POLL_MILLIS);
  }

  if (!window.EventSource || new URLSearchParams(location.search).has('poll')) {
    poll();
    return;
  }
  const source = new EventSource('events.stream');
  source.addEventListener('message', (event) => {
    failures = 0;
    take(JSON.parse(event.data));
    how('events');
    changed();
  });
  source.addEventListener('error', () => {
    failures++;
    how('lost');
    if (failures >= TRIES_BEFORE_POLLING || source.readyState === EventSource.CLOSED) {
      source.close();
      poll();
    }
  });
}
