// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that is built on top of drivers, once for every kind: turns, waiting, limits, long
 * reads, signals, and asynchronous writes. The threads that serve them are the engine's.
 *
 * <p>Locks: each object has at most one, held for a few instructions, and none is ever taken while
 * another is held. Drivers, callbacks and completions run with none.
 */
@NullMarked
package io.penstock.impl.core;

import org.jspecify.annotations.NullMarked;
