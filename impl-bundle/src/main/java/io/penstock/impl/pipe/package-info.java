// SPDX-License-Identifier: Apache-2.0
/** The buffer in memory, and pipes over it. */
@NullMarked
package io.penstock.impl.pipe;

import org.jspecify.annotations.NullMarked;
