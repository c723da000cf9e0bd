// SPDX-License-Identifier: Apache-2.0
/**
 * The threads, timers, selectors and memory that everything else shares. Knows no end of a stream.
 *
 * <p>Locks: each object has at most one, held for a few instructions, and none is ever taken while
 * another is held. Callbacks run with none.
 */
@NullMarked
package io.penstock.impl.engine;

import org.jspecify.annotations.NullMarked;
