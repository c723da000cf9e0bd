// SPDX-License-Identifier: Apache-2.0
/**
 * A kind of channel with every awkward trait at once, added only through {@code io.penstock.spi}:
 * two inputs, a credit window, decrypted bytes that no selector sees, an exit status, and requests
 * that are refused. It shows what a provider is, and that pollers and relays need no special case.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.example;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
