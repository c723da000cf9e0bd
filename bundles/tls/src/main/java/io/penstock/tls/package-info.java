// SPDX-License-Identifier: Apache-2.0
/**
 * TLS: the kinds {@code tls:} and {@code tls-listen:}, and TLS above any channel.
 *
 * <p>A separate, optional bundle. In a container its service is registered by itself, and nothing
 * else is needed. Without one, {@link io.penstock.tls.TlsProvider} is made by hand.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.tls;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
