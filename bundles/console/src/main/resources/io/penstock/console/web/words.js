// SPDX-License-Identifier: Apache-2.0
// Numbers, times and states in words; and elements, whose text is never read as markup.

const SVG = 'http://www.w3.org/2000/svg';
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function element(made, attributes, content) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? '' : value);
    }
  }
  made.append(...content.filter((one) => one !== null));
  return made;
}

/** An element of HTML; what is text stays text. */
export const html = (name, attributes = {}, ...content) => element(document.createElement(name), attributes, content);

/** The same of SVG. */
export const svg = (name, attributes = {}, ...content) => element(document.createElementNS(SVG, name), attributes, content);

/** Writes a text where it is another one: the browser lays out what has changed only. */
export function write(where, text) {
  const there = where.firstChild;
  if (there instanceof Text && !there.nextSibling) {
    // A text that changes costs less than another one in its place.
    if (there.data !== text) {
      there.data = text;
    }
  } else if (where.textContent !== text) {
    where.textContent = text;
  }
}

/** A number of bytes. */
export function bytes(value) {
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  const digits = unit === 0 || amount >= 100 ? 0 : 1;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}

/** A rate of bytes; a record has a number below 0 where none is known yet. */
export const speed = (rate) => (rate && rate.second !== null ? `${bytes(rate.second)}/s` : '–');

/** A rate without a unit. */
export const often = (rate) => (rate && rate.second !== null ? `${rate.second.toFixed(1)}/s` : '–');

/** What was known of a rate, as a number. */
export const known = (rate) => (rate && rate.second > 0 ? rate.second : 0);

/** How long ago. */
export function since(then, now) {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 120) {
    return `${seconds} s`;
  }
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A time of day, with the date unless it is today's. */
export function time(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

const state = (level, mark, text) => ({ level, mark, text });
const FAILED = (text) => state('failed', '✕', text);
const FULL = (text) => state('full', '■', text);
const PAUSED = state('paused', '‖', 'paused');
const IDLE = (text) => state('idle', '○', text);
const OK = (text) => state('ok', '▶', text);

function moving(one) {
  const waits = waiting(one);
  if (known(one.source.bytes) > 0 || known(one.sink.bytes) > 0) {
    return OK('moving');
  }
  return IDLE(waits > 0 ? 'waited for' : 'idle');
}

const STATES = {
  pipes(one) {
    if (one.fault) {
      return FAILED('failed');
    }
    if (one.source.paused) {
      return PAUSED;
    }
    if (one.buffered > 0 && one.buffered >= one.capacity) {
      return FULL('full');
    }
    return one.sink.ended ? IDLE('ended, not read out') : moving(one);
  },
  channels(one) {
    if (one.state === 'FAILED') {
      return FAILED('failed');
    }
    if (one.source.paused) {
      return PAUSED;
    }
    if (one.state !== 'CONNECTED') {
      return IDLE(one.state.toLowerCase());
    }
    return one.sink.waiting.length > 0 ? FULL('writers wait') : moving(one);
  },
  listeners(one) {
    if (one.held === 'paused') {
      return PAUSED;
    }
    if (one.held) {
      return FULL(one.held);
    }
    return one.fault && one.connections === 0 ? FAILED('accepting has failed') : OK('listening');
  },
  relays(one) {
    if (one.paused) {
      return PAUSED;
    }
    if (one.fault && one.active === 0) {
      return FAILED('last one failed');
    }
    return known(one.forwarded) + known(one.returned) > 0 ? OK('moving') : IDLE(one.active > 0 ? 'idle' : 'waits for a peer');
  },
  pollers: (one) => (one.busySince > 0 ? OK('calls handlers') : IDLE(one.thread ? 'waits' : 'not polled')),
  servers(one) {
    if (one.trouble) {
      return FAILED('not connected');
    }
    return one.connections.length > 0 ? OK('serves') : IDLE('waits for a peer');
  },
  failed: () => FAILED('not served'),
  awaited: () => FAILED('not there'),
};

/** Finds out how an object stands: a level, a mark that is told apart without colour, and words. */
export const judge = (one) => STATES[one.type](one);

/** How an object stands, as it was found out when the server told of it. */
export const stateOf = (one) => one.judged;

/** Compares texts as readers expect it. */
export const { compare } = new Intl.Collator();

/** How many threads wait at an object. */
export const waiting = (one) => (one.source ? one.source.waiting.length + one.sink.waiting.length : 0);

/** What an object is called, one and many. */
export const KINDS = {
  pipes: ['pipe', 'pipes'],
  channels: ['channel', 'channels'],
  listeners: ['listener', 'listeners'],
  relays: ['relay', 'relays'],
  pollers: ['poller', 'pollers'],
  servers: ['handler', 'handlers'],
  failed: ['handler not served', 'handlers not served'],
  awaited: ['configured, not there', 'configured, not there'],
};

/** Where an object is, in a line. */
export function place(one) {
  switch (one.type) {
    case 'relays':
      return `${one.from} → ${one.to}`;
    case 'channels':
      return one.peer ? `${one.endpoint} (peer ${one.peer})` : one.endpoint;
    case 'failed':
      return one.message;
    case 'awaited':
      return `${one.kind} ${one.pid}${one.why ? `: ${one.why}` : ''}`;
    case 'pollers':
      return one.thread ?? '';
    default:
      return one.endpoint ?? '';
  }
}

/** How much went out of an object, and into it: rates. */
export function rates(one) {
  if (one.type === 'relays') {
    return [one.forwarded, one.returned];
  }
  return one.source ? [one.source.bytes, one.sink.bytes] : [null, null];
}

/** The bytes that are kept in an object, and how many may be; null if it keeps none. */
export function fill(one) {
  if (one.type === 'pipes') {
    return { held: one.buffered, most: one.capacity };
  }
  return one.type === 'channels' ? { held: one.source.buffered + one.sink.buffered, most: 0 } : null;
}

/** The same in words. */
export function filled(one) {
  const now = fill(one);
  if (!now) {
    return one.type === 'listeners' ? `${one.connections} of ${one.maxConnections}` : '';
  }
  const bounded = now.most > 0 && now.most < Number.MAX_SAFE_INTEGER;
  return bounded ? `${bytes(now.held)} of ${bytes(now.most)}` : bytes(now.held);
}
