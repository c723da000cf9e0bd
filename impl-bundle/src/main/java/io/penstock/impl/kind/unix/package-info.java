// SPDX-License-Identifier: Apache-2.0
/** {@code unix:PATH} and {@code unix-listen:PATH}: local sockets by path. */
@NullMarked
package io.penstock.impl.kind.unix;

import org.jspecify.annotations.NullMarked;
