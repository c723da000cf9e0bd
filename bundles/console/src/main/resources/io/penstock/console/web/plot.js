// SPDX-License-Identifier: Apache-2.0
// A plot over ten minutes, with axes and units.

import { bytes, svg, html, write } from './words.js';

const WIDTH = 520;
const HEIGHT = 190;
const LEFT = 74;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 28;
const MINUTES = 10;
const STEPS = 4;

/** The least number of 1, 2 or 5 times a power of two of 1024ths that is not below a value. */
function ceiling(value) {
  let unit = 1;
  while (value >= unit * 1024) {
    unit *= 1024;
  }
  for (const step of [4, 8, 20, 40, 80, 200, 400, 800, 1024, 2048, 4096]) {
    if (value <= step * unit) {
      return step * unit;
    }
  }
  return value;
}

/**
 * Makes a plot.
 *
 * @param title what is shown
 * @param unit of the numbers
 * @param names of one line, or of two
 */
export function plot(title, unit, names) {
  const labels = [];
  const lines = names.map((name, i) => svg('path', { class: i === 0 ? 'line' : 'line two' }));
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' });
  const across = WIDTH - LEFT - RIGHT;
  const up = HEIGHT - TOP - BOTTOM;
  for (let i = 0; i <= STEPS; i++) {
    const y = TOP + up - (up * i) / STEPS;
    const label = svg('text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' });
    labels.push(label);
    picture.append(svg('path', { class: 'grid', d: `M${LEFT} ${y}h${across}` }), label);
  }
  for (let minute = 0; minute <= MINUTES; minute += 2) {
    const x = LEFT + across - (across * minute) / MINUTES;
    const text = minute === 0 ? 'now' : `−${minute} min`;
    picture.append(
      svg('path', { class: 'axis', d: `M${x} ${TOP + up}v4` }),
      svg('text', { x, y: HEIGHT - 8, 'text-anchor': minute === 0 ? 'end' : 'middle', class: 'soft' }, text));
  }
  picture.append(svg('path', { class: 'axis', d: `M${LEFT} ${TOP}v${up}h${across}` }), ...lines);
  const legend = html('figcaption', { class: 'note' });
  const figure = html('figure', { class: 'plot' }, html('h2', {}, `${title} (${unit})`), picture, legend);

  /** Shows samples: each has a time, and a number for each line, or null. */
  function show(samples, now) {
    const values = samples.flatMap((one) => one.values.filter((value) => value !== null));
    const top = ceiling(Math.max(1, ...values));
    const suffix = unit === 'B/s' ? '/s' : '';
    labels.forEach((label, i) => write(label, bytes((top * i) / STEPS) + suffix));
    const span = MINUTES * 60_000;
    lines.forEach((line, which) => {
      let path = '';
      let pen = 'M';
      for (const { at, values: row } of samples) {
        const value = row[which];
        if (value === null || now - at > span) {
          pen = 'M';
        } else {
          const x = LEFT + across * (1 - (now - at) / span);
          const y = TOP + up * (1 - value / top);
          path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
          pen = 'L';
        }
      }
      line.setAttribute('d', path);
    });
    const last = samples.at(-1);
    const said = names.map((name, i) => {
      const value = last?.values[i] ?? null;
      const look = i === 0 ? 'solid' : 'dashed';
      return `${names.length > 1 ? `${name} (${look})` : name}: ${value === null ? 'not known yet' : bytes(value) + suffix}`;
    });
    write(legend, said.join(', '));
    picture.setAttribute('aria-label', `${title} over ten minutes; now ${said.join(', ')}; at most ${bytes(Math.max(0, ...values))}${suffix}`);
  }

  return { figure, show };
}
