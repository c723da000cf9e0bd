// SPDX-License-Identifier: Apache-2.0
/** Channels over drivers, and the factory that finds the provider of a scheme. Knows no kind. */
@NullMarked
package io.penstock.impl.channel;

import org.jspecify.annotations.NullMarked;
