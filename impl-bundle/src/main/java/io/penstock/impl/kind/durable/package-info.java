// SPDX-License-Identifier: Apache-2.0
/** {@code durable:LOCATION}: one end of a pipe that survives, as a channel. */
@NullMarked
package io.penstock.impl.kind.durable;

import org.jspecify.annotations.NullMarked;
