// SPDX-License-Identifier: Apache-2.0
/** Waits in one place for many ends over drivers, whatever is behind them. */
@NullMarked
package io.penstock.impl.poller;

import org.jspecify.annotations.NullMarked;
