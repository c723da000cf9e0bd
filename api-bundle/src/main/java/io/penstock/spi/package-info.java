// SPDX-License-Identifier: Apache-2.0
/**
 * What a bundle implements to add a kind of channel: non-blocking reads and writes, a readiness
 * signal, half-close, close and abort. Waiting, time limits, framing, long reads, views and leak
 * reports are built on top of it, once for every kind.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.spi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
