// SPDX-License-Identifier: Apache-2.0
/**
 * What a bundle implements to add a registry: where containers tell each other what they publish.
 * No byte of a channel goes through it.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.remote.spi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
