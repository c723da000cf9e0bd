// SPDX-License-Identifier: Apache-2.0
/**
 * Drivers over descriptors that only a thread can wait for: standard input and output, FIFOs, the
 * streams of a child. One daemon thread each, and a buffer in memory between it and the product.
 */
@NullMarked
package io.penstock.impl.kind.support.blocking;

import org.jspecify.annotations.NullMarked;
