// SPDX-License-Identifier: Apache-2.0
/** Durable pipes on streams of the servers'. */
@NullMarked
package io.penstock.nats.impl.pipe;

import org.jspecify.annotations.NullMarked;
