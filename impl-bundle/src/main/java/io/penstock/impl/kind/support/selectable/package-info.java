// SPDX-License-Identifier: Apache-2.0
/**
 * Drivers over descriptors that a selector waits for: pipes, FIFOs and terminals, whichever code
 * has opened them, and a thread that selects for many.
 */
@NullMarked
package io.penstock.impl.kind.support.selectable;

import org.jspecify.annotations.NullMarked;
