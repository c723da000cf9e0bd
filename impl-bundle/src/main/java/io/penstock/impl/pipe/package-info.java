// SPDX-License-Identifier: Apache-2.0
/** Pipes over the buffer in memory, for callers. */
@NullMarked
package io.penstock.impl.pipe;

import org.jspecify.annotations.NullMarked;
