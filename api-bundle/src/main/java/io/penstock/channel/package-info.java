// SPDX-License-Identifier: Apache-2.0
/**
 * Channels: a source from and a sink to one peer, of any kind, and the listeners that accept them.
 * An {@link io.penstock.channel.Endpoint} names the peer and the kind of transport.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.channel;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
