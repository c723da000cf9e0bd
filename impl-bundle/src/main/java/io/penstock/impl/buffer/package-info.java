// SPDX-License-Identifier: Apache-2.0
/**
 * The buffer in memory between a writer and a reader, which need no lock, and what its drivers can
 * do beyond the provider interface. Knows no end of a stream.
 */
@NullMarked
package io.penstock.impl.buffer;

import org.jspecify.annotations.NullMarked;
