// SPDX-License-Identifier: Apache-2.0
/** {@code tcp://HOST:PORT} and {@code tcp-listen://HOST:PORT}. */
@NullMarked
package io.penstock.impl.kind.tcp;

import org.jspecify.annotations.NullMarked;
