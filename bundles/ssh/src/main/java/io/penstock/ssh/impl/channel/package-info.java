// SPDX-License-Identifier: Apache-2.0
/** One channel of a connection: its two ends, its requests and its window. */
@NullMarked
package io.penstock.ssh.impl.channel;

import org.jspecify.annotations.NullMarked;
