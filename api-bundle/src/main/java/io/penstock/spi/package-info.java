// SPDX-License-Identifier: Apache-2.0
/**
 * The interfaces that a bundle implements to add a kind of channel: non-blocking reads and writes,
 * a readiness signal, half-close, close and abort. The product builds waiting, time limits,
 * framing, long reads, views and leak reports on top of them, once for all kinds.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.spi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
