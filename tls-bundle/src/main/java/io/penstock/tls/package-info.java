// SPDX-License-Identifier: Apache-2.0
/**
 * TLS: the kinds {@code tls:} and {@code tls-listen:}, and TLS above any channel.
 *
 * <p>A bundle of its own, which only those install who need it; in a container its service is all
 * there is to know of it. Without one, {@link io.penstock.tls.TlsProvider} is made by hand.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.tls;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
