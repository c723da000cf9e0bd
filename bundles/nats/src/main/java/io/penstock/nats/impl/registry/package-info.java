// SPDX-License-Identifier: Apache-2.0
/** The registry: entries in a stream, signs of life beside it. */
@NullMarked
package io.penstock.nats.impl.registry;

import org.jspecify.annotations.NullMarked;
